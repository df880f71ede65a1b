internal import Authentication
internal import CPOSIX

/// What keeps a second daemon off a state directory: held as long as the store is open, and gone with the
/// process however that ends.
struct StoreLock: ~Copyable {
    private let file: OpenFile

    private init(_ file: consuming OpenFile) { self.file = file }

    // Closing is not enough: a child that is being started has copies of all descriptors until it becomes its program.
    deinit { file.unlock() }

    /// Takes the lock of `directory` at once, or throws `inUse` with the process that has it.
    static func take(in directory: StateDirectory) throws(StoreFailure) -> StoreLock {
        guard let file = unsafe OpenFile.adopt(posix_open_or_create_private(directory.lock)) else {
            throw .unreachable("\(directory.lock) cannot be opened: \(words(for: posix_errno()))")
        }
        guard let (facts, _) = file.facts(), facts.type == S_IFREG else {
            throw .unreachable("\(directory.lock) is not a regular file")
        }
        guard file.lock() else {
            let code = posix_errno()
            guard code == EWOULDBLOCK else {
                throw .unreachable("\(directory.lock) cannot be locked: \(words(for: code))")
            }
            throw .inUse("\(directory.path) is in use by \(holder(of: file))")
        }
        // For whoever finds the lock taken; the lock holds without it.
        let name = Array("\(getpid())\n".utf8)
        _ = file.replace(with: name.span)
        return StoreLock(file)
    }

    private static func holder(of file: borrowing OpenFile) -> String {
        var bytes = [UInt8](repeating: 0, count: 16)
        var target = bytes.mutableSpan
        let count = file.read(into: &target) ?? 0
        let digits = bytes.prefix(count).prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty else { return "another process" }
        return "process \(String(decoding: digits, as: UTF8.self))"
    }
}
