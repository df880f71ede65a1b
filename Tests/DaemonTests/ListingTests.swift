import AdminProtocol
import Authentication
import AuthenticationTesting
import Configuration
import Daemon
import Dispatch
import Synchronization
import Testing

/// Lists and reports of more than one message may hold, and beside the logins.
@Suite struct ListingTests {
    private static let names = (0..<250).map { "user\(1000 + $0)" }

    private static func enrollAll(in world: borrowing LoginWorld) throws {
        for name in names { try world.enroll(name) }
    }

    @Test func `everybody is listed page by page, each once`() async throws {
        try await withWorld(LoginWorld()) { (world) async throws in
            try ListingTests.enrollAll(in: world)
            let admin = try world.administer()
            var found: [String] = []
            var pages = 0
            var after: String? = ""
            repeat {
                guard case .listing(let page) = try admin.ask(.list(account: nil, after: after)) else {
                    Issue.record("nothing was listed")
                    return
                }
                found += page.devices.map(\.account)
                pages += 1
                after = page.next
            } while after != nil && pages < 10
            #expect(found.sorted() == ListingTests.names)
            #expect(pages == 3)
        }
    }

    @Test func `a report has each account on one page`() async throws {
        try await withWorld(LoginWorld()) { (world) async throws in
            try ListingTests.enrollAll(in: world)
            let admin = try world.administer()
            var found: [String] = []
            var after: String?
            repeat {
                guard case .report(let page) = try admin.ask(.report(after: after)) else {
                    Issue.record("nothing was reported")
                    return
                }
                found += page.accounts.map(\.account)
                after = page.next
            } while after != nil && found.count <= ListingTests.names.count
            #expect(found == ListingTests.names)
        }
    }

    static let readings: [AdminRequest] = [
        .list(account: nil), .list(account: nil, after: ""), .list(account: "alice"), .status, .metrics,
        .credentials(), .credentials(after: .beginning), .users(provider: nil),
        .users(provider: nil, after: .beginning),
        .sessions(), .hosts(after: "00"),
    ]

    @Test(arguments: readings) func `what only reads waits for no login`(_ request: AdminRequest) async throws {
        try await withWorld(LoginWorld()) { (world) async throws in
            world.follow { $0.hub = HubSettings(name: "hub1", listen: []) }
            try world.enroll("alice")
            let beside = InMemoryEnrollmentStore()
            let box = Beside(beside)
            world.store.reading = { () throws(StoreFailure) in box.store }
            world.writer.reopen()
            // Whoever is judged now holds the writer up until the answer is there, or for long.
            let (isHeld, isFree) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            let wasBusy = Mutex(true)
            world.writer.perform { _ in
                isHeld.signal()
                _ = isFree.wait(timeout: .now() + 30)
                wasBusy.withLock { $0 = false }
            }
            isHeld.wait()
            let reply = try world.administer().ask(request)
            #expect(reply.refusalCode == nil)
            #expect(wasBusy.withLock { $0 })
            isFree.signal()
        }
    }

    /// A store that nobody writes to any more.
    private final class Beside: @unchecked Sendable {
        let store: InMemoryEnrollmentStore
        init(_ store: InMemoryEnrollmentStore) { self.store = store }
    }
}
