import Authentication
import AuthenticationTesting
import Daemon
import Dispatch
import Synchronization
import Testing
import Wire

/// Answers that somebody outside judges: who hears of it when, and what it has cost by then.
@Suite struct ConsultingTests {
    private func world(_ module: ConsultedModule) throws -> LoginWorld {
        try LoginWorld(chain: [Step(module.id)], extra: [module])
    }

    private static let alice = AccountName("alice")

    private static func right(_ guess: ChargedGuess) -> Testimony {
        guess.input.withField { $0.count == 5 } ? .accepted(Testimony.Approval(guess.account)) : .wrong
    }

    /// The failures that the store has of alice.
    private func failures(_ world: LoginWorld, _ module: ConsultedModule) throws -> Int {
        try world.store.counters(of: Self.alice).first { $0.module == module.id }?.counter.failures ?? 0
    }

    @Test func `a right answer is granted, and costs nothing in the end`() async throws {
        let module = ConsultedModule(answering: Self.right)
        try await withWorld(world(module)) { world in
            let client = try world.connect()
            try client.begin("alice")
            #expect(try client.receive() == .prompt(.secret, "Code: "))
            try client.answer("right")
            #expect(try client.verdict() == .verdict(.granted, ""))
            #expect(module.guesses.count == 1)
            #expect(try failures(world, module) == 0)
        }
    }

    @Test func `a wrong answer is asked again, and stays charged`() async throws {
        let module = ConsultedModule(answering: Self.right)
        try await withWorld(world(module)) { world in
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer("wrong!")
            #expect(try client.receive() == .prompt(.secret, "That was not right.\nCode: "))
            #expect(try failures(world, module) == 1)
            try client.answer("right")
            #expect(try client.verdict() == .verdict(.granted, ""))
        }
    }

    @Test func `the charge is on disk before anybody is asked, and no store's transaction is open then`() async throws {
        let seen = Mutex<[Int]>([])
        let place = Mutex<UncheckedBox<LoginWorld>?>(nil)
        let module = ConsultedModule { guess in
            let world = place.withLock { $0 }
            let failures = try? world?.value.store.counters(of: guess.account).reduce(0) { $0 + $1.counter.failures }
            seen.withLock { $0.append(failures ?? -1) }
            return .wrong
        }
        try await withWorld(world(module)) { world in
            place.withLock { $0 = UncheckedBox(world) }
            defer { place.withLock { $0 = nil } }
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer("wrong!")
            _ = try client.receive()
            #expect(seen.withLock { $0 } == [1])
        }
    }

    @Test func `whoever cannot tell makes the login unavailable, says why, and charges nothing`() async throws {
        let module = ConsultedModule { _ in .unavailable("it has ended with status 3") }
        try await withWorld(world(module)) { world in
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer("right")
            guard case .verdict(.unavailable, _) = try client.verdict() else {
                Issue.record("let in")
                return
            }
            #expect(try failures(world, module) == 0)
            #expect(world.journal.messages.contains("module consulted: it has ended with status 3"))
        }
    }

    @Test func `somebody who does not exist is asked about like everybody, and refused`() async throws {
        let module = ConsultedModule { .accepted(Testimony.Approval($0.account)) }
        try await withWorld(world(module)) { world in
            let client = try world.connect()
            try client.begin("nobody-there")
            #expect(try client.receive() == .prompt(.secret, "Code: "))
            try client.answer("right")
            #expect(try client.receive() == .prompt(.secret, "That was not right.\nCode: "))
            #expect(module.guesses.count == 1)
        }
    }

    @Test func `the same wrong answer again is not asked about`() async throws {
        let module = ConsultedModule(answering: Self.right)
        try await withWorld(world(module)) { world in
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer("wrong!")
            _ = try client.receive()
            try client.answer("wrong!")
            guard case .verdict(.denied, _) = try client.verdict() else {
                Issue.record("not refused")
                return
            }
            #expect(module.guesses.count == 1)
        }
    }

    @Test func `whoever leaves before the answer is judged has paid, and the judgement applies to nothing`()
        async throws
    {
        let mayEnd = BinarySemaphore()
        let isAsked = BinarySemaphore()
        let module = ConsultedModule { guess in
            isAsked.signal()
            mayEnd.wait()
            return .accepted(Testimony.Approval(guess.account))
        }
        try await withWorld(world(module)) { world in
            do {
                let client = try world.connect()
                try client.begin("alice")
                _ = try client.receive()
                try client.answer("right")
                isAsked.wait()
            }
            // The connection is closed, and nothing waits on the loop: that is seen, and another is served.
            while !world.journal.messages.contains(where: { $0.contains("login abandoned") }) { await Task.yield() }
            let other = try world.connect()
            try other.begin("bob")
            #expect(try other.receive() == .prompt(.secret, "Code: "))
            mayEnd.signal()
            // What is asked after it is judged after it.
            try other.answer("right")
            isAsked.wait()
            mayEnd.signal()
            #expect(try other.verdict() == .verdict(.granted, ""))
            #expect(try failures(world, module) == 1)
        }
    }
}

/// Lets one thread go on when another says so.
private final class BinarySemaphore: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    func wait() { semaphore.wait() }
    func signal() { semaphore.signal() }
}
