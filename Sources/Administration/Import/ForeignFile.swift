import AdminProtocol
import AuthModules
import Authentication
import CPOSIX
import Glibc

/// A file of another program, read into memory that wipes itself.
struct ForeignFile: ~Copyable {
    let contents: Secret
    /// The uid of its owner.
    let owner: UInt32

    /// Reads a regular file of at most `ImportText.longest` bytes, and no symbolic link: its name may be a user's choice.
    static func read(_ path: String) throws(CommandFailure) -> ForeignFile {
        let descriptor = unsafe path.withCString { unsafe posix_open_for_reading($0) }
        guard descriptor >= 0 else { throw unreadable(path, SystemError.text(posix_errno())) }
        defer { _ = close(descriptor) }
        var facts = posix_file_facts()
        var size: Int64 = 0
        guard unsafe posix_fstat(descriptor, &facts, &size) == 0 else {
            throw unreadable(path, SystemError.text(posix_errno()))
        }
        guard unsafe posix_is_regular(&facts) != 0 else { throw unreadable(path, "it is no regular file") }
        guard size <= Int64(ImportText.longest) else {
            throw unreadable(path, "it has more than \(ImportText.longest >> 20) MiB")
        }
        var filled = 0
        let read = try Secret(count: Int(size)) { (target) throws(CommandFailure) in
            while filled < target.count {
                let count = unsafe target.withUnsafeMutableBytes { buffer in
                    unsafe Glibc.read(
                        descriptor, buffer.baseAddress.map { unsafe $0 + filled }, buffer.count - filled)
                }
                if count == 0 { break }
                if count > 0 {
                    filled += count
                } else if posix_errno() != EINTR {
                    throw unreadable(path, SystemError.text(posix_errno()))
                }
            }
        }
        // It may have become shorter meanwhile.
        let contents = read.withBytes { Secret(copying: $0.extracting(first: filled)) }
        return ForeignFile(contents: contents, owner: facts.owner)
    }

    /// Reads it as one of the importers does.
    borrowing func parse<Result>(
        _ body: (Span<UInt8>) throws(ImportFailure) -> Result
    ) throws(CommandFailure) -> Result {
        do throws(ImportFailure) {
            return try contents.withBytes(body)
        } catch {
            throw CommandFailure(.refused, code: .files, "\(error). Nothing was stored.")
        }
    }

    private static func unreadable(_ path: String, _ why: String) -> CommandFailure {
        CommandFailure(.refused, code: .files, "\(path) cannot be read: \(why). Nothing was stored.")
    }
}
