import AdminProtocol
import Glibc

/// What is at a file's place at this moment.
///
/// That it cannot be read now says nothing of what is in it: it may be as it was left.
enum FoundFile: Equatable {
    case nothing
    case file([UInt8])
    /// What it leads to belongs to somebody else.
    case link
    /// Why it cannot be read.
    case unreadable(String)

    static func at(_ path: String) -> FoundFile {
        var status = stat()
        if unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK { return .link }
        do throws(CommandFailure) {
            return try HostFile.read(path).map { .file($0) } ?? .nothing
        } catch {
            return .unreadable(error.refusal.message)
        }
    }

    /// Its bytes, where it is a file.
    var bytes: [UInt8]? {
        guard case .file(let bytes) = self else { return nil }
        return bytes
    }
}
