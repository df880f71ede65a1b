import CPOSIX

/// Overwrites `bytes` in a way that no optimiser removes (explicit_bzero(3)).
public func wipe(_ bytes: inout MutableSpan<UInt8>) {
    unsafe bytes.withUnsafeMutableBytes { unsafe posix_wipe($0.baseAddress, $0.count) }
}

/// The same, for memory that its owner is about to give back.
@unsafe public func wipe(_ bytes: UnsafeMutableBufferPointer<UInt8>) {
    unsafe posix_wipe(bytes.baseAddress, bytes.count)
}
