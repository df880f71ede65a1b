import Glibc

/// write(2) until nothing is left to be written.
enum WholeWrite {
    /// Writes all of it; 0, or what has failed (errno).
    static func perform(_ bytes: Span<UInt8>, to descriptor: Int32) -> Int32 {
        var written = 0
        while written < bytes.count {
            let rest = bytes.extracting(droppingFirst: written)
            let count = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                written += count
            } else if count == 0 {
                // Nobody has said why: write(2) never does so for what is not empty.
                return EIO
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }
}
