import AdminProtocol
import Authentication
import AuthenticationTesting
import Daemon
import Glibc
import Synchronization
import Testing
import Wire

/// Security keys of ssh, from the witness to the verdict.
@Suite struct SSHKeyTests {
    /// Says always the same, and keeps what it was asked.
    final class ScriptedWitness: SSHKeyWitness {
        let answer: SSHKeyTestimony
        let asked = Mutex<[SSHKeyQuestion]>([])

        init(_ answer: SSHKeyTestimony) { self.answer = answer }

        func testify(_ question: SSHKeyQuestion) -> SSHKeyTestimony {
            asked.withLock { $0.append(question) }
            return answer
        }
    }

    static let rule: Rule = {
        var rule = Rule(services: ["sshd"], line: 7)
        rule.countsSecurityKey = true
        return rule
    }()
    static let key = "publickey sk-ssh-ed25519@openssh.com"
    static let connection = "192.0.2.7 50000 192.0.2.1 22"

    @Test func `a key that counts lets in without a question, and the journal says so`() async throws {
        let witness = ScriptedWitness(.counts)
        try await withWorld(LoginWorld(rules: [Self.rule], sshKeys: witness)) { world in
            let client = try world.connect()
            try client.begin(
                "alice", methods: [Self.key], remoteHost: "client.example", connection: Self.connection)
            #expect(try client.verdict() == .verdict(.granted, ""))
            let entry = try #require(world.journal.all.last)
            #expect(entry.message.hasPrefix("login granted service=sshd rhost=192.0.2.7 user=\"alice\""))
            #expect(entry.message.contains(" security_key=sk-ssh-ed25519@openssh.com rule=\"line 7\""))
            #expect(entry.fields.contains { $0 == ("TWOSTEP_SECURITY_KEY", "sk-ssh-ed25519@openssh.com") })
            let question = try #require(witness.asked.withLock { $0 }.first)
            #expect(question.process == getpid())
            #expect(
                question.connection
                    == SSHDConnection(
                        user: "alice", host: "client.example", address: "192.0.2.7", localAddress: "192.0.2.1",
                        localPort: "22"))
        }
    }

    @Test func `a key that is doubtful leaves the code owed, and the journal says why`() async throws {
        let witness = ScriptedWitness(.doubtful("PubkeyAuthOptions none"))
        try await withWorld(LoginWorld(rules: [Self.rule], sshKeys: witness)) { world in
            try world.enroll("alice")
            let client = try world.connect()
            try client.begin("alice", methods: [Self.key], connection: Self.connection)
            guard case .prompt = try client.receive() else {
                Issue.record("nothing was asked")
                return
            }
            try client.answer("right 1")
            #expect(try client.verdict() == .verdict(.granted, ""))
            let message = try #require(world.journal.messages.last)
            #expect(message.contains("modules=scripted"))
            #expect(!message.contains("security_key="))
            #expect(message.contains(#"hint="the security key does not count: PubkeyAuthOptions none""#))
        }
    }

    /// A login for which nobody is asked, since no key of it could count.
    struct Unasked: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var service = "sshd"
        var methods = [key]
        var connection = SSHKeyTests.connection
        var host = "192.0.2.7"
        var account = "alice"
    }

    @Test(arguments: [
        Unasked(testDescription: "another service", service: "sudo"),
        Unasked(testDescription: "a plain key", methods: ["publickey ssh-ed25519"]),
        Unasked(testDescription: "a password", methods: ["password"]),
        Unasked(testDescription: "no connection", connection: ""),
        Unasked(testDescription: "a connection that is none", connection: "192.0.2.7 22"),
        Unasked(testDescription: "no host", host: ""),
        Unasked(testDescription: "a host with a comma", host: "a,user=root"),
    ]) func `without a connection that sshd can be asked about no key counts`(_ row: Unasked) async throws {
        let witness = ScriptedWitness(.counts)
        try await withWorld(LoginWorld(rules: [Self.rule], sshKeys: witness)) { world in
            try world.enroll("alice")
            let client = try world.connect()
            try client.begin(
                row.account, service: row.service, methods: row.methods, remoteHost: row.host,
                connection: row.connection)
            guard case .prompt = try client.receive() else {
                Issue.record("nothing was asked")
                return
            }
            #expect(witness.asked.withLock { $0 }.isEmpty)
        }
    }

    @Test func `a blocked account stays out with a key that counts`() async throws {
        try await withWorld(LoginWorld(rules: [Self.rule], sshKeys: ScriptedWitness(.counts))) { world in
            let admin = try AdminClient(world.adminPath)
            guard case .blocked = try admin.ask(.block(account: "alice", reason: "lost key")) else {
                Issue.record("alice was not blocked")
                return
            }
            let client = try world.connect()
            try client.begin("alice", methods: [Self.key], connection: Self.connection)
            guard case .verdict(.denied, _) = try client.verdict() else {
                Issue.record("a blocked account was let in")
                return
            }
        }
    }
}
