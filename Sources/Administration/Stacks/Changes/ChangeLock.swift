import AdminProtocol
import CPOSIX
import Glibc

/// Whoever holds it is the only one who changes stacks.
final class ChangeLock {
    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// How often it is tried, a twentieth of a second apart: whoever has it is writing a few files.
    private static let tries = 200

    /// Waits for it, ten seconds at most.
    static func take(_ path: String) throws(CommandFailure) -> ChangeLock {
        let descriptor = unsafe path.withCString { unsafe posix_open_or_create_private($0) }
        guard descriptor >= 0 else {
            throw CommandFailure(.refused, code: .files, "\(path) cannot be opened: \(SystemError.text(errno)).")
        }
        let lock = ChangeLock(descriptor)
        for _ in 0..<tries {
            if posix_lock(descriptor) == 0 { return lock }
            _ = poll(nil, 0, 50)
        }
        throw CommandFailure(
            .refused, code: .busy, "Another twostep is changing stacks, and does not end.",
            hint: "See which: fuser \(path)")
    }

    deinit { _ = close(descriptor) }

    /// Lets others have it.
    func release() { _ = posix_unlock(descriptor) }
}
