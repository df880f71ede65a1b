import AdminProtocol
import Authentication
import Daemon
import Testing
import Wire

/// Without random bytes there is no session, and nobody gets in on one that could be guessed.
@Suite struct RandomnessTests {
    private static let none: SessionIDs.Source = { _ in nil }
    private static let tooFew: SessionIDs.Source = { _ in [1, 2, 3] }

    @Test(arguments: [none, tooFew])
    func `a login is refused as unavailable, and the journal says why`(_ source: @escaping SessionIDs.Source)
        async throws
    {
        try await withWorld(LoginWorld(randomBytes: source)) { world in
            let client = try world.connect()
            try client.begin("alice")
            #expect(
                try client.receive()
                    == .verdict(
                        .unavailable,
                        "Login is not possible right now: the login service has a problem. The administrator finds it "
                            + "in the journal."))
            #expect(world.journal.messages.first?.hasPrefix("no random bytes for a session: ") == true)
            #expect(world.journal.messages.last?.hasPrefix("login unavailable reason=no_randomness ") == true)
        }
    }

    @Test func `too many sessions at once are told as that`() async throws {
        try await withWorld(LoginWorld(capacity: 1)) { world in
            let first = try world.connect()
            try first.begin("alice")
            _ = try first.receive()
            let second = try world.connect()
            try second.begin("bob")
            #expect(
                try second.receive()
                    == .verdict(
                        .unavailable, "Login is not possible right now: too many logins at once. Please try again."))
        }
    }
}
