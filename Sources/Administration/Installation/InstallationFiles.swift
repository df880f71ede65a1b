import CPOSIX
import Glibc

/// Who owns a file or a directory, and what others may do with it.
struct FileStanding: Equatable {
    let owner: UInt32
    let group: UInt32
    /// The low twelve bits.
    let permissions: UInt32

    init(owner: UInt32, group: UInt32, permissions: UInt32) {
        self.owner = owner
        self.group = group
        self.permissions = permissions
    }

    init(_ status: stat) {
        self.init(owner: status.st_uid, group: status.st_gid, permissions: status.st_mode & 0o7777)
    }

    /// `0640`.
    var mode: String {
        let octal = String(permissions, radix: 8)
        return String(repeating: "0", count: max(4 - octal.count, 0)) + octal
    }
}

/// Makes files and directories that are right from the first moment that they can be seen, and never replaces one.
enum InstallationFiles {
    /// What is there under a path; symbolic links are seen as such.
    enum Found: Equatable {
        case nothing
        case file(FileStanding)
        case directory(FileStanding)
        /// A link, a socket, a device.
        case other
    }

    /// Looks, without following a link at the end.
    static func look(at path: String) throws(CommandFailure) -> Found {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            guard errno == ENOENT else { throw failure("look at", path) }
            return .nothing
        }
        let standing = FileStanding(status)
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file(standing)
        case S_IFDIR: return .directory(standing)
        case _: return .other
        }
    }

    /// Makes a directory; until it is all that it should be it is root's alone.
    static func makeDirectory(_ path: InstallationPath, _ standing: FileStanding) throws(CommandFailure) {
        guard unsafe mkdir(path.text, 0o700) == 0 else { throw failure("make", path.text) }
        let directory = unsafe open(path.text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard directory >= 0 else { throw failure("open", path.text) }
        defer { close(directory) }
        try give(directory, standing, path.text)
        try synchronize(path.parent)
    }

    /// Makes a file with its contents under a name of its own, and links it to its place when it is on disk.
    static func makeFile(
        _ path: InstallationPath, _ standing: FileStanding, contents: Span<UInt8>, suffix: String
    ) throws(CommandFailure) {
        let draft = "\(path.parent == "/" ? "" : path.parent)/.\(path.name).\(suffix)"
        let file = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("make", draft) }
        defer {
            close(file)
            _ = unsafe unlink(draft)
        }
        let code = WholeWrite.perform(contents, to: file)
        guard code == 0 else { throw failure("write", draft, code) }
        try give(file, standing, draft)
        // link(2) fails where something is: nothing is ever overwritten, not even in a race.
        guard unsafe link(draft, path.text) == 0 else { throw failure("make", path.text) }
        try synchronize(path.parent)
    }

    /// Gives what is there to the group that it should have, if it still is as it was found; returns whether it was.
    static func handOver(
        _ path: InstallationPath, from found: FileStanding, to standing: FileStanding
    ) throws(CommandFailure) -> Bool {
        let file = unsafe open(path.text, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { throw failure("open", path.text) }
        defer { close(file) }
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else { throw failure("look at", path.text) }
        guard FileStanding(status) == found else { return false }
        try give(file, standing, path.text)
        return true
    }

    /// Whether a directory has something in it that looks like a store.
    static func holdsStore(_ path: String) throws(CommandFailure) -> Bool {
        guard let directory = unsafe opendir(path) else {
            guard errno == ENOENT else { throw failure("read", path) }
            return false
        }
        defer { unsafe closedir(directory) }
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name.contains(".db") || name.contains(".sqlite") { return true }
        }
        return false
    }

    private static func give(_ file: Int32, _ standing: FileStanding, _ path: String) throws(CommandFailure) {
        guard fchown(file, standing.owner, standing.group) == 0, fchmod(file, standing.permissions) == 0,
            fsync(file) == 0
        else { throw failure("set the owner and mode of", path) }
    }

    private static func synchronize(_ path: String) throws(CommandFailure) {
        let directory = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw failure("open", path) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw failure("write", path) }
    }

    private static func failure(_ verb: String, _ path: String, _ code: Int32 = errno) -> CommandFailure {
        let hint = code == ENOENT ? "The directory that it belongs in must exist." : nil
        return CommandFailure(
            .refused, code: .files, "Cannot \(verb) \(path): \(SystemError.text(code)).", hint: hint)
    }
}
