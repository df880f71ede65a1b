import Authentication
import AuthenticationTesting
import Daemon
import Glibc
import Synchronization
import Testing

@Suite struct WatchdogTests {
    /// What the service manager has heard.
    private final class Signs: Sendable {
        private let number = Atomic<Int>(0)
        var count: Int { number.load(ordering: .sequentiallyConsistent) }
        func add() { number.add(1, ordering: .sequentiallyConsistent) }
    }

    /// A thread that waits until it is let go.
    private final class Gate: Sendable {
        private let lock = Mutex(false)
        func open() { lock.withLock { $0 = true } }
        func wait() { while !lock.withLock({ $0 }) { sched_yield() } }
    }

    private func writer() -> StoreWriter {
        let store = UncheckedBox(InMemoryEnrollmentStore())
        let writer = StoreWriter { () throws(StoreFailure) in store.value }
        writer.start()
        return writer
    }

    /// Returns when the writer has done all that it was given before.
    private func settle(_ writer: StoreWriter) {
        let gate = Gate()
        writer.perform { _ in gate.open() }
        gate.wait()
    }

    @Test func `nobody waits, so nothing is said`() {
        #expect(Watchdog(interval: nil) {} == nil)
    }

    @Test(arguments: [(1, 1), (3_000, 1), (30_000, 10), (60_000, 20)])
    func `three signs of life in an interval`(_ interval: Int64, _ period: Int) throws {
        let signs = Signs()
        let writer = writer()
        let watchdog = try #require(Watchdog(interval: interval) { signs.add() })
        for second in 0..<60 {
            watchdog.tick(writer)
            settle(writer)
            #expect(signs.count == second / period + 1)
        }
        writer.stop()
    }

    @Test func `a task that takes long gives the signs that are waited for, while it goes on, and no others`() throws {
        let signs = Signs()
        let writer = writer()
        let watchdog = try #require(Watchdog(interval: 3_000) { signs.add() })
        writer.onLongTasks { watchdog.goesOn() }
        let gate = Gate()
        writer.perform { _ in gate.wait() }
        for second in 1...5 {
            watchdog.tick(writer)
            for _ in 0..<3 { writer.goesOn() }
            #expect(signs.count == second)
        }
        // Without a sign of the event loop there is none of the writer.
        for _ in 0..<3 { writer.goesOn() }
        #expect(signs.count == 5)
        gate.open()
        writer.stop()
    }

    @Test func `a writer that hangs gives no sign, and one sign when it is back`() throws {
        let signs = Signs()
        let writer = writer()
        let watchdog = try #require(Watchdog(interval: 3_000) { signs.add() })
        let gate = Gate()
        writer.perform { _ in gate.wait() }
        for _ in 0..<30 { watchdog.tick(writer) }
        #expect(signs.count == 0)
        gate.open()
        settle(writer)
        #expect(signs.count == 1)
        watchdog.tick(writer)
        settle(writer)
        #expect(signs.count == 2)
        writer.stop()
    }

    @Test func `a store that cannot be used is no hang`() throws {
        let signs = Signs()
        let writer = StoreWriter { () throws(StoreFailure) in throw .unreachable("gone") }
        writer.start()
        let watchdog = try #require(Watchdog(interval: 3_000) { signs.add() })
        watchdog.tick(writer)
        settle(writer)
        #expect(signs.count == 1)
        writer.stop()
    }
}
