import AdminProtocol
import Authentication
import AuthenticationTesting
import Daemon
import Testing
import Wire

/// The logins that wait for an answer, as root sees and ends them over admin.sock.
@Suite struct OpenSessionTests {
    /// A login that waits at its code.
    private func waiting(_ world: LoginWorld, _ account: String = "alice") throws -> WireClient {
        let client = try world.connect()
        try client.begin(account)
        guard case .prompt = try client.receive() else { throw WorldFailure("nothing was asked") }
        return client
    }

    private func sessions(_ client: AdminClient) throws -> [WaitingSession] {
        guard case .sessions(let listing) = try client.ask(.sessions()) else {
            throw WorldFailure("nothing was listed")
        }
        return listing.sessions
    }

    @Test func `a session is listed with all that is to be known of it, while it lasts`() async throws {
        try await withWorld(LoginWorld()) { (world) async throws in
            try world.enroll("alice")
            let admin = try world.administer()
            #expect(try sessions(admin).isEmpty)
            let login = try waiting(world)
            world.clock.advance(seconds: 13)
            let found = try sessions(admin)
            let id = try #require(found.first?.id)
            #expect(id.utf8.count == 32 && id.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) })
            #expect(
                found == [
                    WaitingSession(
                        id: id, account: "alice", provider: ProviderReference(type: "pam"),
                        modules: [ModuleReference(LoginWorld.module)], service: "sshd", remoteHost: "192.0.2.7",
                        peer: 0, secondsLeft: 287, triesLeft: 3)
                ])
            try login.answer("wrong")
            _ = try login.receive()
            #expect(try sessions(admin).map(\.triesLeft) == [2])
            try login.answer("right 1")
            #expect(try login.verdict() == .verdict(.granted, ""))
            #expect(try sessions(admin).isEmpty)
        }
    }

    @Test func `a session ends by any prefix that is its own, and its login with it`() async throws {
        try await withWorld(LoginWorld()) { (world) async throws in
            try world.enroll("alice")
            let admin = try world.administer()
            let login = try waiting(world)
            let session = try #require(try sessions(admin).first)
            let prefix = String(session.id.prefix(6)).uppercased()
            guard case .sessionEnded(let ended) = try admin.ask(.endSession(id: prefix)) else {
                Issue.record("nothing was ended")
                return
            }
            #expect(ended.id == session.id)
            guard case .verdict(.denied, _) = try login.receive() else {
                Issue.record("the login goes on")
                return
            }
            #expect(world.journal.messages.contains(#"session ended user="alice" service=sshd"#))
            #expect(world.journal.messages.contains { $0.contains("reason=session_ended") })
            #expect(try admin.ask(.endSession(id: session.id)).refusalCode == .unknownSession)
        }
    }

    struct Prefix: Sendable {
        let typed: String
        /// The low halves of the ids that it fits.
        let fitting: [UInt64]
    }

    /// 0x00ab…1, 0x00ab…2 and 0xab00…3.
    private static let ids = [
        ValidationSession.ID(high: 0x00AB_0000_0000_0000, low: 1),
        ValidationSession.ID(high: 0x00AB_0000_0000_0000, low: 2),
        ValidationSession.ID(high: 0xAB00_0000_0000_0000, low: 3),
    ]

    @Test(arguments: [
        Prefix(typed: "00ab", fitting: [1, 2]), Prefix(typed: "AB00", fitting: [3]), Prefix(typed: "00ac", fitting: []),
        Prefix(typed: "ab01", fitting: []), Prefix(typed: "00ab0000000000000000000000000002", fitting: [2]),
        Prefix(typed: "00ab000000000000000000000000000", fitting: [1, 2]),
    ]) func `a prefix fits every id that begins so, leading zeros included`(_ prefix: Prefix) throws {
        let found = try #require(SessionPrefix(prefix.typed))
        #expect(found.fitting(Self.ids).map(\.low) == prefix.fitting)
    }

    @Test(arguments: ["", "3f9", "3g9a", "3f9a ", "é123", String(repeating: "0", count: 33)])
    func `what is no id is refused`(_ id: String) async throws {
        try await withWorld(LoginWorld()) { (world) async throws in
            #expect(try world.administer().ask(.endSession(id: id)).refusalCode == .badParameter)
        }
    }
}
