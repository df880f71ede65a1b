import AdminProtocol
import CPOSIX
import Glibc

/// Files that hold a secret: readable and writable by their owner alone.
enum PrivateFile {
    /// Makes a file that was not there, of mode 0600, with these contents on disk.
    static func create(_ path: String, _ contents: OutputBuffer) throws(CommandFailure) {
        let descriptor = unsafe path.withCString { unsafe posix_create_private($0) }
        guard descriptor >= 0 else {
            let code = posix_errno()
            throw CommandFailure(
                .refused, code: .files, "\(path) cannot be made: \(SystemError.text(code)).",
                hint: code == EEXIST ? "It is there already: name another file, or remove that one." : nil)
        }
        let failure = contents.withBytes { bytes -> Int32 in
            let code = WholeWrite.perform(bytes, to: descriptor)
            guard code == 0 else { return code }
            return fsync(descriptor) == 0 ? 0 : posix_errno()
        }
        _ = close(descriptor)
        guard failure == 0 else {
            unsafe unlink(path)
            throw CommandFailure(.refused, code: .files, "\(path) cannot be written: \(SystemError.text(failure)).")
        }
    }
}
