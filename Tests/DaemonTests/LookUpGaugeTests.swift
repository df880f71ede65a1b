import Authentication
import Daemon
import Dispatch
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// How it is measured how long the directory takes to find nobody.
@Suite(.timeLimit(.minutes(5))) struct LookUpGaugeTests {
    /// A gauge on an event loop, and the directory that it asks.
    private struct Bench {
        let directory = WatchedDirectory()
        let loop: any EventLoop
        let gauge: NIOLoopBound<LookUpGauge>

        init(on group: MultiThreadedEventLoopGroup) async throws {
            let (loop, directory) = (group.next(), directory)
            self.loop = loop
            gauge = try await loop.submit {
                NIOLoopBound(LookUpGauge(directory, on: loop) { .uptimeNanoseconds(7) }, eventLoop: loop)
            }.get()
        }

        func onLoop<Value: Sendable>(_ body: @escaping @Sendable (LookUpGauge) -> Value) async throws -> Value {
            let gauge = gauge
            return try await loop.submit { body(gauge.value) }.get()
        }

        /// How long after its look-up a name is heard of at the soonest.
        func wait() async throws -> TimeAmount {
            let askedAt = NIODeadline.uptimeNanoseconds(7)
            return try await onLoop { $0.earliest(for: NameAnswer(found: true, askedAt: askedAt)) - askedAt }
        }
    }

    private func withBench(_ body: (Bench) async throws -> Void) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let bench = try await Bench(on: group)
        try await body(bench)
        try await bench.onLoop { $0.stop() }
        bench.directory.gate.signal()
        try await group.shutdownGracefully()
    }

    @Test func `asks for 32 names of its own, and for another one only where somebody has waited`() async throws {
        try await withBench { bench in
            #expect(try await bench.onLoop { $0.levelling == nil })
            bench.directory.gate.signal()
            try await bench.onLoop { $0.start() }
            for _ in 1...32 { #expect(bench.directory.asked.wait(timeout: .now() + 20) == .success) }
            while try await !bench.onLoop(\.isMeasured) {}
            #expect(try await bench.onLoop { $0.levelling != nil })
            // Nobody has waited: nothing is asked, and what is asked next is asked for the second look.
            try await bench.onLoop { $0.sweep() }
            _ = try await bench.wait()
            #expect(bench.directory.names.count == 32)
            try await bench.onLoop { $0.sweep() }
            #expect(bench.directory.asked.wait(timeout: .now() + 20) == .success)
            #expect(Set(bench.directory.names).count == 33)
            #expect(bench.directory.names.allSatisfy { $0.text.hasPrefix("no-such-user-") })
        }
    }

    @Test func `where the directory begins to hang, look-ups are levelled no more until it answers`() async throws {
        try await withBench { bench in
            bench.directory.gate.signal()
            try await bench.onLoop { $0.start() }
            while try await !bench.onLoop(\.isMeasured) {}
            bench.directory.gate.wait()
            // It is asked at one look, and has not answered by the next.
            for isLate in [false, true, true] {
                _ = try await bench.wait()
                try await bench.onLoop { $0.sweep() }
                #expect(try await bench.onLoop { $0.levelling == nil } == isLate)
            }
            bench.directory.gate.signal()
            while try await bench.onLoop(\.isAsking) {}
            #expect(try await bench.onLoop { $0.levelling != nil })
        }
    }

    @Test func `as much is looked up for whoever is known as for a name that nobody has`() {
        let directory = WatchedDirectory()
        directory.gate.signal()
        let levelling = LookUpLevelling(directory)
        levelling.level(true)
        levelling.level(false)
        #expect(directory.names.count == 2)
        #expect(directory.names.first?.text.hasPrefix("no-such-user-") == true)
        #expect(directory.names.last?.text == "root")
    }

    @Test func `what levels look-ups hangs on one thread at most`() {
        let directory = WatchedDirectory()
        let levelling = LookUpLevelling(directory)
        let (first, second) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        DispatchQueue.global().async {
            levelling.level(true)
            first.signal()
        }
        #expect(directory.asked.wait(timeout: .now() + 20) == .success)
        DispatchQueue.global().async {
            levelling.level(true)
            second.signal()
        }
        #expect(second.wait(timeout: .now() + 20) == .success)
        directory.gate.signal()
        #expect(first.wait(timeout: .now() + 20) == .success)
        #expect(directory.names.count == 1)
    }

    @Test func `a directory that hangs is asked once, and all wait for as long as anybody ever does`() async throws {
        try await withBench { bench in
            try await bench.onLoop { $0.start() }
            #expect(bench.directory.asked.wait(timeout: .now() + 20) == .success)
            for _ in 1...3 {
                #expect(try await bench.wait() == .milliseconds(5))
                try await bench.onLoop { $0.sweep() }
            }
            #expect(bench.directory.names.count == 1)
            // It is not waited for.
        }
    }

    @Test(arguments: [Lookup.cannotTell, .found(AccountFacts(uid: 1001, gid: 1001))])
    func `what is not found out is no measure`(_ found: Lookup) async throws {
        try await withBench { bench in
            bench.directory.answer.withLock { $0 = found }
            bench.directory.gate.signal()
            try await bench.onLoop { $0.start() }
            for _ in 1...40 {
                #expect(bench.directory.asked.wait(timeout: .now() + 20) == .success)
                // It is heard before the next look.
                while try await bench.onLoop(\.isAsking) {}
                _ = try await bench.wait()
                try await bench.onLoop { $0.sweep() }
            }
            #expect(try await !bench.onLoop(\.isMeasured))
            #expect(try await bench.wait() == .milliseconds(5))
        }
    }

    @Test func `about a name that nobody has as much is asked as about somebody who is in none of the groups`() throws {
        let directory = WatchedDirectory()
        let groups: Set = ["wheel", "adm"]
        let (stranger, somebody) = (try #require(AccountName("stranger")), try #require(AccountName("somebody")))
        #expect(directory.groups(among: groups, of: stranger, being: .notFound) == [])
        let asked = directory.questions.withLock { questions in
            defer { questions = 0 }
            return questions
        }
        let known = Lookup.found(AccountFacts(uid: 1001, gid: 1001))
        #expect(directory.groups(among: groups, of: somebody, being: known) == [])
        #expect(directory.questions.withLock { $0 } == asked)
        #expect(asked == 4)
    }
}

/// Says who was asked for, and answers once its gate is open.
private final class WatchedDirectory: AccountDirectory {
    let gate = DispatchSemaphore(value: 0)
    let asked = DispatchSemaphore(value: 0)
    let answer = Mutex(Lookup.notFound)
    let questions = Mutex(0)
    private let all = Mutex<[AccountName]>([])

    var names: [AccountName] { all.withLock { $0 } }

    func account(named name: AccountName) -> Lookup {
        all.withLock { $0.append(name) }
        asked.signal()
        gate.wait()
        gate.signal()
        return answer.withLock { $0 }
    }

    func isMember(_ name: AccountName, gid: UInt32, of group: String) -> Bool? {
        questions.withLock { $0 += 1 }
        return false
    }

    func hasGroup(named name: String) -> Bool? {
        questions.withLock { $0 += 1 }
        return true
    }
}
