import Authentication
import AuthenticationTesting
import Daemon
import Foundation
import Testing

@Suite struct StoreWriterTests {
    private let bench: StoreBench
    private let store: UncheckedBox<InMemoryEnrollmentStore>
    private let writer: StoreWriter

    init() throws {
        let place = InMemoryPlace()
        bench = try StoreBench(place)
        let store = UncheckedBox(try #require(place.open() as? InMemoryEnrollmentStore))
        self.store = store
        writer = StoreWriter { () throws(StoreFailure) in store.value }
        writer.start()
    }

    /// Does something on the writer's thread, after all that the writer was given before.
    private func settle(_ body: @escaping @Sendable (InMemoryEnrollmentStore) -> Void = { _ in }) {
        let done = DispatchSemaphore(value: 0)
        writer.perform { [store] _ in
            body(store.value)
            done.signal()
        }
        done.wait()
    }

    private func failLogin(with failure: StoreFailure) {
        settle { $0.failure = failure }
        writer.submit([bench.attempt(.typed("right 1"), by: bench.alice)]) { _, _ in }
        settle()
    }

    @Test func `a store that could write nothing is well as soon as it can, without a login`() {
        failLogin(with: .notDurable("the disk is full"))
        #expect(writer.problem == .notDurable("the disk is full"))
        settle { $0.failure = nil }
        writer.check()
        settle()
        #expect(writer.problem == nil)
        writer.stop()
    }

    @Test func `while it cannot, it stays open and is not well`() {
        failLogin(with: .notDurable("the disk is full"))
        settle { $0.failure = .notDurable("the disk is still full") }
        writer.check()
        settle()
        #expect(writer.problem == .notDurable("the disk is still full"))
        #expect(writer.isOpen)
        // What holds the writer for seconds where it fails is not done once a second.
        settle { $0.failure = .notDurable("for good") }
        writer.check()
        settle()
        #expect(writer.problem == .notDurable("the disk is still full"))
        writer.stop()
    }

    @Test func `one that is gone meanwhile is opened again`() {
        failLogin(with: .notDurable("the disk is full"))
        settle { $0.failure = .unreachable("gone") }
        writer.check()
        settle()
        #expect(writer.problem == .unreachable("gone"))
        settle { $0.failure = nil }
        writer.check()
        settle()
        #expect(writer.problem == nil)
        writer.stop()
    }
}
