import Glibc
import NIOCore

extension ByteBuffer {
    /// Overwrites the readable bytes where they lie: NIO's mutable views would make a copy and leave the original.
    func wipeReadableBytes() {
        unsafe withUnsafeReadableBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            unsafe explicit_bzero(UnsafeMutableRawPointer(mutating: start), bytes.count)
        }
    }
}
