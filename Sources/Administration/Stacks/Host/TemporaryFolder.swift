import Glibc

/// Folders that only their maker can enter.
enum TemporaryFolder {
    /// Makes one whose path begins with `prefix`; nil with errno where that fails.
    static func make(_ prefix: String) -> String? {
        var template = "\(prefix).XXXXXX".utf8CString
        return unsafe template.withUnsafeMutableBufferPointer { buffer -> String? in
            guard let start = buffer.baseAddress, let made = unsafe mkdtemp(start) else { return nil }
            return unsafe String(cString: made)
        }
    }
}
