import AdminProtocol
import CPOSIX
import Glibc

/// Files of the system that are read at any moment: whoever reads one sees what was before or what is new.
enum HostFile {
    /// No stack is longer, in bytes.
    private static let longest = 1 << 20

    /// What is in it; nil where nothing is. A link is refused: what it leads to belongs to somebody else.
    static func read(_ path: String) throws(CommandFailure) -> [UInt8]? {
        let descriptor = unsafe path.withCString { unsafe posix_open_for_reading($0) }
        guard descriptor >= 0 else {
            let code = posix_errno()
            guard code != ENOENT else { return nil }
            guard code != ELOOP else {
                throw CommandFailure(
                    .refused, code: .files, "\(path) is a link, and what it leads to is not twostep's to change.",
                    hint: "See where to: readlink -f \(path)")
            }
            throw failure("read", path, code)
        }
        defer { _ = close(descriptor) }
        var facts = posix_file_facts()
        var size: Int64 = 0
        guard unsafe posix_fstat(descriptor, &facts, &size) == 0 else { throw failure("read", path, posix_errno()) }
        guard unsafe posix_is_regular(&facts) != 0 else {
            throw CommandFailure(.refused, code: .files, "\(path) is no file.")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= longest {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return bytes }
            if count > 0 { bytes += buffer.prefix(count) } else if errno != EINTR { throw failure("read", path, errno) }
        }
        throw CommandFailure(.refused, code: .files, "\(path) is too long for a file of its kind.")
    }

    /// Puts other bytes in its place, on disk when this returns; owner, mode and attributes stay as they are. A file
    /// that was not there is root's, and of this mode. `needsAttributes`: throws where an extended attribute cannot be
    /// set; else tells whether all could.
    @discardableResult static func write(
        _ bytes: [UInt8], to path: String, newMode: UInt32 = 0o644, needsAttributes: Bool = true
    ) throws(CommandFailure) -> Bool {
        let draft = draft(of: path)
        // Of somebody who was ended: whoever writes here holds the lock.
        _ = unsafe unlink(draft)
        let file = unsafe draft.withCString { unsafe posix_create_private($0) }
        guard file >= 0 else { throw failure("write", draft, posix_errno()) }
        var code = WholeWrite.perform(bytes.span, to: file)
        var hasAttributes = true
        if code == 0 {
            let old = unsafe path.withCString { unsafe posix_open_for_reading($0) }
            let result = old >= 0 ? posix_copy_standing(old, file) : fchmod(file, newMode)
            if result != 0 { code = posix_errno() }
            if result > 0, !needsAttributes { (code, hasAttributes) = (0, false) }
            if old >= 0 { _ = close(old) }
        }
        if code == 0, fsync(file) != 0 { code = errno }
        if close(file) != 0, code == 0 { code = errno }
        if code == 0, unsafe rename(draft, path) != 0 { code = errno }
        guard code == 0 else {
            _ = unsafe unlink(draft)
            throw failure("write", path, code)
        }
        try flush(folderOf: path)
        return hasAttributes
    }

    // MARK: The original beside it

    /// Keeps the file as it is under a second name beside it, so that putting it back needs neither room nor rights but
    /// for the name. Where the file system has no such names, there is none.
    static func keepSpare(of path: String) {
        removeSpare(of: path)
        _ = unsafe link(path, spare(of: path))
    }

    /// Takes that name away.
    static func removeSpare(of path: String) { _ = unsafe unlink(spare(of: path)) }

    /// What was kept so; nil where there is none.
    static func readSpare(of path: String) -> [UInt8]? { try? read(spare(of: path)) }

    /// Puts it in the file's place.
    static func restoreSpare(of path: String) throws(CommandFailure) {
        guard unsafe rename(spare(of: path), path) == 0 else { throw failure("write", path, errno) }
        try flush(folderOf: path)
    }

    private static func spare(of path: String) -> String { draft(of: path) + "-undo" }

    // MARK: Names

    /// Takes it away.
    static func remove(_ path: String) throws(CommandFailure) {
        guard unsafe unlink(path) == 0 || errno == ENOENT else { throw failure("remove", path, errno) }
        try flush(folderOf: path)
    }

    /// What somebody who was ended may have left beside a file.
    static func removeDraft(of path: String) { _ = unsafe unlink(draft(of: path)) }

    /// A name that neither libpam nor sshd takes for one of theirs.
    private static func draft(of path: String) -> String {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        return "\(path[..<slash])/.\(path[slash...].drop { $0 == "/" }).twostep"
    }

    private static func flush(folderOf path: String) throws(CommandFailure) {
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        guard unsafe folder.withCString({ unsafe posix_flush_directory($0) }) == 0 else {
            throw failure("write", folder, posix_errno())
        }
    }

    static func failure(_ verb: String, _ path: String, _ code: Int32) -> CommandFailure {
        CommandFailure(.refused, code: .files, "Cannot \(verb) \(path): \(SystemError.text(code)).")
    }
}
