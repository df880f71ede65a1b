import Glibc

/// A file that others read at any moment: they see the one of before or the new one, never a part.
enum ReplacedFile {
    /// Writes it under another name beside its own and renames it; readable by everybody.
    static func write(_ text: String, to path: String) throws(CommandFailure) {
        let new = "\(path).\(getpid())"
        let descriptor = unsafe open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path, errno) }
        let bytes = Array(text.utf8)
        var code = WholeWrite.perform(bytes.span, to: descriptor)
        // Whatever the umask is.
        if code == 0, fchmod(descriptor, 0o644) != 0 { code = errno }
        if close(descriptor) != 0, code == 0 { code = errno }
        if code == 0, unsafe rename(new, path) != 0 { code = errno }
        guard code == 0 else {
            unsafe unlink(new)
            throw failure(path, code)
        }
    }

    private static func failure(_ path: String, _ code: Int32) -> CommandFailure {
        CommandFailure(.refused, code: .files, "\(path) cannot be written: \(SystemError.text(code)).")
    }
}
