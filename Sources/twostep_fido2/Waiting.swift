import CFIDO2
import Glibc
import Synchronization

/// The end of what is waited for: time is up, or the daemon has hung up.
enum Waiting {
    /// The key that is being asked, as a number: it is cancelled from another thread.
    private static let asked = Mutex<UInt?>(nil)
    private static let isOver = Atomic<Bool>(false)
    private static let connection = Atomic<Int32>(-1)
    private static let milliseconds = Atomic<Int32>(0)

    /// How long a key may take to say that it was cancelled, in microseconds.
    private static let grace: UInt32 = 1_000_000

    /// Begins to watch.
    static func begin(for seconds: Int, on descriptor: Int32) {
        connection.store(descriptor, ordering: .sequentiallyConsistent)
        milliseconds.store(Int32(clamping: seconds * 1000), ordering: .sequentiallyConsistent)
        var thread = pthread_t()
        let isStarted = unsafe pthread_create(
            &thread, nil,
            { _ in
                Waiting.watch()
                return nil
            }, nil)
        // Unwatched nothing would ever end.
        guard isStarted == 0 else { exit(1) }
    }

    /// Whether it is over.
    static var isCancelled: Bool { isOver.load(ordering: .sequentiallyConsistent) }

    /// Asks a key something that may take its time.
    static func asking<Result>(_ key: OpaquePointer, _ body: () -> Result) -> Result {
        asked.withLock { $0 = UInt(bitPattern: key) }
        defer { asked.withLock { $0 = nil } }
        return body()
    }

    private static func watch() {
        var waited = pollfd(
            fd: connection.load(ordering: .sequentiallyConsistent), events: Int16(POLLIN), revents: 0)
        // Whatever comes now is no question: it has hung up, or makes no sense.
        _ = unsafe poll(&waited, 1, milliseconds.load(ordering: .sequentiallyConsistent))
        isOver.store(true, ordering: .sequentiallyConsistent)
        asked.withLock { number in
            guard let number, let key = unsafe OpaquePointer(bitPattern: number) else { return }
            _ = unsafe fido_dev_cancel(key)
        }
        // A key that does not even take that is waited for no longer.
        usleep(grace)
        _exit(1)
    }
}
