import AdminProtocol
import Authentication
import AuthenticationTesting
import Daemon
import Testing
import Wire

/// What the daemon keeps of its decisions: records, counters, and what reports say.
@Suite struct RecordTests {
    /// One whole login; returns how it ended.
    @discardableResult
    private func logIn(
        _ world: LoginWorld, _ account: String = "alice", _ answers: String..., service: String = "sshd"
    ) throws -> WireClient.Said {
        let client = try world.connect()
        try client.begin(account, service: service, authtok: service != "sshd")
        var rest = answers[...]
        while true {
            let said = try client.receive()
            switch said {
            case .prompt:
                if let next = rest.popFirst() { try client.answer(next) } else { try client.say(.cancel) }
            case .set: continue
            case .verdict, .closed: return said
            }
        }
    }

    /// Looks again until it is so; ten seconds are for a machine that is busy.
    private func wait(until isSo: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while try await !isSo(), ContinuousClock.now < deadline { await Task.yield() }
        #expect(try await isSo())
    }

    private func records(_ client: AdminClient, after number: Int64 = 0, atMost count: Int = 100) throws
        -> RecordListing
    {
        guard case .records(let listing) = try client.ask(.records(after: number, atMost: count)) else {
            throw WorldFailure("nothing was listed")
        }
        return listing
    }

    private func metrics(_ client: AdminClient) throws -> [String: MetricFamily] {
        guard case .metrics(let snapshot) = try client.ask(.metrics) else { throw WorldFailure("nothing was counted") }
        return Dictionary(uniqueKeysWithValues: snapshot.families.map { ($0.name, $0) })
    }

    private func report(_ client: AdminClient, after name: String? = nil) throws -> ReportPage {
        guard case .report(let page) = try client.ask(.report(after: name)) else { throw WorldFailure("no report") }
        return page
    }

    // MARK: Records

    @Test func `what the journal was told of logins is in memory too, in order and numbered`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            try logIn(world, "alice", "right 1")
            try logIn(world, "alice", "wrong", "wrong")
            let listing = try records(world.administer())
            #expect(listing.records.map(\.number) == [1, 2])
            #expect(listing.records.map { $0.fields["TWOSTEP_RESULT"] } == ["granted", "denied"])
            #expect(listing.records.map(\.message) == world.journal.messages.filter { $0.hasPrefix("login ") })
            #expect(listing.cursor == 2 && listing.newest == 2)
        }
    }

    @Test func `records are given from where one left off, and so many at most`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            for state in 1...5 { try logIn(world, "alice", "right \(state)") }
            let client = try world.administer()
            #expect(try records(client, after: 0, atMost: 2).records.map(\.number) == [1, 2])
            #expect(try records(client, after: 2, atMost: 2).records.map(\.number) == [3, 4])
            #expect(try records(client, after: 4, atMost: 2).records.map(\.number) == [5])
            #expect(try records(client, after: 5).records.isEmpty)
            for strange in [-1, 99, .min, .max] as [Int64] { _ = try records(client, after: strange) }
            #expect(try records(client, after: 0, atMost: -1).records.isEmpty)
        }
    }

    @Test func `of more than a thousand records the last thousand are there`() async throws {
        try await withWorld(LoginWorld()) { world in
            for _ in 0..<1010 { try logIn(world, "nobody-\u{20}x", service: "sshd") }
            let client = try world.administer()
            #expect(try records(client).records.first?.number == 11)
            #expect(try records(client, after: 1000).records.map(\.number) == Array(1001...1010))
        }
    }

    // MARK: Counters

    @Test func `logins and answers are counted by how they ended`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            try logIn(world, "alice", "right 1")
            try logIn(world, "alice", "wrong", "right 2")
            try logIn(world, "alice", "right 3", service: "vpn")
            let families = try metrics(world.administer())
            let logins = try #require(families["twostep_logins"])
            #expect(
                logins.samples.map { $0.labels.map(\.value) } == [["granted", "", "sshd"], ["granted", "", "vpn"]])
            #expect(logins.samples.map(\.value) == [2, 1])
            let answers = try #require(families["twostep_answers"])
            #expect(
                answers.samples.map { $0.labels.map(\.value) + ["\(Int($0.value))"] } == [
                    ["scripted", "accepted", "3"], ["scripted", "invalid_code", "1"],
                ])
            let commits = try #require(families["twostep_commit_attempts"])
            #expect(commits.samples.first { $0.suffix == "_count" }?.value == 4)
            #expect(commits.samples.first { $0.suffix == "_sum" }?.value == 4)
            #expect(families["twostep_open_sessions"]?.samples.map(\.value) == [0])
            #expect(families["twostep_configuration_generation"]?.samples.map(\.value) == [1])
        }
    }

    @Test func `services beyond a bound are one, whoever names them`() async throws {
        try await withWorld(LoginWorld()) { world in
            for number in 0..<40 { try logIn(world, "alice", service: "s\(number)") }
            let logins = try #require(try metrics(world.administer())["twostep_logins"])
            let services = Set(logins.samples.compactMap { $0.labels.last?.value })
            #expect(services.count == 33 && services.contains("other"))
            #expect(logins.samples.reduce(0) { $0 + $1.value } == 40)
        }
    }

    @Test func `accounts that must wait are counted while they must`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            for number in 0..<6 { try logIn(world, "alice", "wrong \(number)", "wrong x\(number)") }
            let client = try world.administer()
            func held() throws -> [Double]? { try metrics(client)["twostep_throttled_accounts"]?.samples.map(\.value) }
            #expect(try held() == [1, 0])
            world.clock.advance(seconds: 7200)
            #expect(try held() == [0, 0])
        }
    }

    // MARK: Reports

    @Test func `a report has every account with what it has, its failures and its last login`() async throws {
        let exempt = Rule(accounts: [try #require(AccountName("bob"))], isExempt: true, line: 1)
        try await withWorld(LoginWorld(rules: [exempt])) { world in
            try world.enroll("alice")
            try logIn(world, "alice", "right 1")
            try logIn(world, "alice", "wrong", "wrong 2", "wrong 3")
            try logIn(world, "bob")
            let client = try world.administer()
            let now = world.clock.now.wall
            // Whose login it was is found out while it ends.
            try await wait { try report(client).accounts.count == 2 }
            let page = try report(client)
            #expect(page.next == nil)
            #expect(page.accounts.map(\.account) == ["alice", "bob"])
            let alice = try #require(page.accounts.first)
            #expect(alice.devices.map(\.device) == ["phone"] && alice.failures == 3 && alice.standing == .open)
            #expect(alice.visit == ReportedVisit(at: now, service: "sshd", host: "192.0.2.7", way: .granted))
            let bob = try #require(page.accounts.last)
            #expect(bob.devices.isEmpty && bob.codesLeft == nil)
            #expect(bob.visit == ReportedVisit(at: now, service: "sshd", host: "192.0.2.7", way: .exempt))
        }
    }

    @Test func `who was refused for having nothing is remembered, and who does not exist is not`() async throws {
        try await withWorld(LoginWorld()) { world in
            try logIn(world, "alice", "wrong", "wrong 2", "wrong 3")
            try logIn(world, "mallory", "wrong", "wrong 2", "wrong 3")
            let page = try report(world.administer())
            #expect(page.accounts.map(\.account) == ["alice"])
            #expect(page.accounts.first?.refusedUnenrolledAt == world.clock.now.wall)
            #expect(page.accounts.first?.visit == nil)
        }
    }

    @Test func `what is remembered is written within a minute, together`() async throws {
        let exempt = Rule(isExempt: true, line: 1)
        try await withWorld(LoginWorld(rules: [exempt])) { world in
            let client = try world.administer()
            try logIn(world, "alice")
            try logIn(world, "bob")
            try await wait {
                world.clock.advance(seconds: 61)
                try await world.server.sweep()
                // Behind what was written, on the same thread, which has nothing to do then.
                _ = try client.ask(.list(account: nil))
                return try world.store.activities().map(\.account.text) == ["alice", "bob"]
            }
        }
    }

    // MARK: The login before

    @Test func `a person is told of the login before, and of what failed since but for this login`() async throws {
        try await withWorld(LoginWorld(tellsLastLogin: true)) { world in
            try world.enroll("alice")
            #expect(try logIn(world, "alice", "right 1") == .verdict(.granted, ""))
            try logIn(world, "alice", "wrong", "wrong 2", "wrong 3")
            guard case .verdict(.granted, let text) = try logIn(world, "alice", "wrong", "right 2") else {
                Issue.record("it was not granted")
                return
            }
            #expect(text.hasPrefix("Last login with a code: "))
            #expect(text.hasSuffix(" from 192.0.2.7 (sshd). 3 failed attempts since."))
            guard case .verdict(.granted, let next) = try logIn(world, "alice", "right 3") else {
                Issue.record("it was not granted")
                return
            }
            #expect(next.hasSuffix(" from 192.0.2.7 (sshd)."))
        }
    }

    @Test func `nobody is told anything unless the configuration says so`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            for state in 1...2 { #expect(try logIn(world, "alice", "right \(state)") == .verdict(.granted, "")) }
        }
    }

    @Test(
        arguments: [
            (Rule(isExempt: true, line: 1), "exempt", Visit.Way.exempt),
            (Rule(Match(), unenrolled: .skip, line: 1), "not_enrolled", .skipped),
        ])
    func `a login that is let off its modules behind a password says so, and counts as no login with a code`(
        _ rule: Rule, _ reason: String, _ way: Visit.Way
    ) async throws {
        let module = RepeatingModule("a")
        let world = try LoginWorld(
            rules: [rule], chain: [Step(module.id)], extra: [module], providers: [PasswordProvider()],
            tellsLastLogin: true)
        try await withWorld(world) { world in
            #expect(try logIn(world, "alice", "good") == .verdict(.granted, ""))
            #expect(world.journal.messages.last?.hasPrefix("login granted reason=\(reason) service=sshd") == true)
            try await wait {
                world.clock.advance(seconds: 61)
                try await world.server.sweep()
                _ = try world.administer().ask(.list(account: nil))
                return try world.store.activities().map(\.visit?.way) == [way]
            }
            world.follow { $0.policy.rules = [] }
            try world.enroll("alice", module: module.id)
            guard case .verdict(.granted, let text) = try logIn(world, "alice", "good", "a right") else {
                Issue.record("it was not granted")
                return
            }
            #expect(text.hasPrefix("Last login: "))
        }
    }

    @Test func `a login that owes no module counts as no login with a code`() async throws {
        try await withWorld(LoginWorld(chain: [], tellsLastLogin: true)) { world in
            _ = try logIn(world, "alice")
            try await wait {
                world.clock.advance(seconds: 61)
                try await world.server.sweep()
                _ = try world.administer().ask(.list(account: nil))
                return try world.store.activities().map(\.visit?.way) == [.firstFactor]
            }
        }
    }
}
