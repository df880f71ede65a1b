import CPOSIX
import Glibc

/// What keeps a second rotation of a key off while one is at work: a lock on the folder of the key, gone with the process
/// however that ends.
///
/// Two at a time would each have the daemon forget the key that the other still seals with.
enum RotationLock {
    /// Does something while the lock for the key in `folder` is held; throws `refused` at once where another rotation has it.
    static func hold<Value>(
        in folder: String, _ body: () throws(CommandFailure) -> Value
    ) throws(CommandFailure) -> Value {
        let directory = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else {
            throw CommandFailure(.refused, code: .files, "\(folder) cannot be opened: \(SystemError.text(errno)).")
        }
        defer { close(directory) }
        guard posix_lock(directory) == 0 else {
            let code = errno
            guard code == EWOULDBLOCK else {
                throw CommandFailure(.refused, code: .files, "\(folder) cannot be locked: \(SystemError.text(code)).")
            }
            throw CommandFailure(
                .refused, code: .files,
                "Another twostep rekey is at work on the key in \(folder). Nothing was changed.",
                hint: "Wait for its end; if it hangs, end it and type this again: it goes on where that one was.")
        }
        return try body()
    }
}
