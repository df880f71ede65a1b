import CPOSIX
import Foundation

/// A thread that runs one function and is joined by nobody: whoever starts it arranges to be told.
enum DetachedThread {
    static func start(named name: String, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread {
            // Foundation's own name stays in Foundation.
            unsafe posix_name_thread(name)
            body()
        }
        thread.start()
    }
}
