import AdminProtocol
import CPOSIX
import Foundation
import Glibc
import PAMStacks

/// A file that a backup is written to: mode 0600 from its first moment, and under its name once it is whole and on the disk.
struct BackupFile: ~Copyable {
    private let descriptor: Int32
    private let path: String
    private let draft: String

    private init(_ descriptor: Int32, _ path: String, _ draft: String) {
        (self.descriptor, self.path, self.draft) = (descriptor, path, draft)
    }

    /// Makes it; refuses a path where something is.
    static func make(_ path: String) throws(CommandFailure) -> BackupFile {
        var status = stat()
        guard unsafe lstat(path, &status) != 0 else {
            throw CommandFailure(
                .refused, code: .files, "\(path) is there already, and nothing is overwritten.",
                hint: "Name another file, or remove that one.")
        }
        let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        removeDrafts(in: String(path[..<slash]), of: String(path[slash...]))
        let draft = "\(path[..<slash]).\(path[slash...]).\(getpid())"
        let descriptor = unsafe draft.withCString { unsafe posix_create_private($0) }
        guard descriptor >= 0 else { throw failure(path, posix_errno()) }
        return BackupFile(descriptor, path, draft)
    }

    /// Removes what backups to the same file have left that were killed: nothing that is not this user's alone, nor that of a
    /// process that lives.
    private static func removeDrafts(in folder: String, of name: String) {
        let prefix = ".\(name)."
        let files = HostTree(root: "/")
        let place = folder.hasPrefix("/") ? folder : "\(FileManager.default.currentDirectoryPath)/\(folder)"
        for found in files.names(in: place) where found.hasPrefix(prefix) {
            guard let process = pid_t(found.dropFirst(prefix.count)), process > 0, "\(prefix)\(process)" == found,
                kill(process, 0) != 0, errno == ESRCH
            else { continue }
            let draft = folder + found
            var status = stat()
            guard unsafe lstat(draft, &status) == 0, status.st_mode & (S_IFMT | 0o7777) == S_IFREG | 0o600,
                status.st_uid == geteuid()
            else { continue }
            unsafe unlink(draft)
        }
    }

    deinit {
        _ = close(descriptor)
        unsafe unlink(draft)
    }

    /// Adds bytes at its end.
    borrowing func append(_ bytes: [UInt8]) throws(CommandFailure) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes[written...].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count > 0 {
                written += count
            } else if errno != EINTR {
                throw BackupFile.failure(path, errno)
            }
        }
    }

    /// Brings it to the disk, and gives it its name.
    borrowing func finish() throws(CommandFailure) {
        // link(2) fails where something is: nothing is ever overwritten, not even in a race.
        guard fsync(descriptor) == 0, unsafe link(draft, path) == 0 else { throw BackupFile.failure(path, errno) }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        guard unsafe folder.withCString({ unsafe posix_flush_directory($0) }) == 0 else {
            throw BackupFile.failure(path, posix_errno())
        }
    }

    private static func failure(_ path: String, _ code: Int32) -> CommandFailure {
        CommandFailure(.refused, code: .files, "\(path) cannot be written: \(SystemError.text(code)).")
    }
}
