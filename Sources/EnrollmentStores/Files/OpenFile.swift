internal import Authentication
internal import CPOSIX

/// A file that is open, has one owner, and is closed once.
struct OpenFile: ~Copyable {
    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Takes over what a system call returned; nil if that was an error.
    static func adopt(_ descriptor: Int32) -> OpenFile? { descriptor >= 0 ? OpenFile(descriptor) : nil }

    deinit { _ = close(descriptor) }

    /// What kind of file it is, whose, who may do what with it, and its size in bytes; nil if that cannot be told.
    borrowing func facts() -> (facts: posix_file_facts, size: Int64)? {
        var facts = posix_file_facts()
        var size: Int64 = 0
        guard unsafe posix_fstat(descriptor, &facts, &size) == 0 else { return nil }
        return (facts, size)
    }

    /// Tries to have the file for itself, without waiting.
    borrowing func lock() -> Bool { posix_lock(descriptor) == 0 }

    /// Lets others have it.
    borrowing func unlock() { _ = posix_unlock(descriptor) }

    /// Reads from `start` until `target` is full or the file ends; returns how much that was, nil on an error.
    borrowing func read(from start: Int64 = 0, into target: inout MutableSpan<UInt8>) -> Int? {
        let first = start
        return unsafe target.withUnsafeMutableBytes { buffer in
            var filled = 0
            while filled < buffer.count, let start = buffer.baseAddress {
                let count = unsafe pread(
                    descriptor, start + filled, buffer.count - filled, off_t(first) + off_t(filled))
                if count == 0 { break }
                if count < 0 {
                    if posix_errno() == EINTR { continue }
                    return nil
                }
                filled += count
            }
            return filled
        }
    }

    /// Makes `bytes` all that the file holds; returns whether they are there.
    borrowing func replace(with bytes: Span<UInt8>) -> Bool {
        ftruncate(descriptor, 0) == 0 && write(bytes, at: 0)
    }

    /// Writes `bytes` at an offset; returns whether they are all there.
    borrowing func write(_ bytes: Span<UInt8>, at offset: Int64) -> Bool {
        unsafe bytes.withUnsafeBytes { buffer in
            var written = 0
            while written < buffer.count, let start = buffer.baseAddress {
                let place = off_t(offset) + off_t(written)
                let count = unsafe pwrite(descriptor, start + written, buffer.count - written, place)
                if count < 0 {
                    if posix_errno() == EINTR { continue }
                    return false
                }
                written += count
            }
            return true
        }
    }

    /// Brings the contents to the disk; returns whether they are there.
    borrowing func flush() -> Bool { fsync(descriptor) == 0 }
}

/// The words for an errno, as strerror(3) has them.
func words(for code: Int32) -> String {
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: text)
}

/// Permissions as people write them: four octal digits.
func octal(_ permissions: UInt32) -> String {
    let digits = String(permissions, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
}
