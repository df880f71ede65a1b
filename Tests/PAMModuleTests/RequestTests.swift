import CPAM
import Foundation
import PAMModule
import Testing
import Wire

/// What the module tells the daemon of the host, and what it refuses to pass on.
@Suite struct RequestTests {
    /// The `begin` that a transaction leads to, taken apart.
    private func begin(
        _ stage: Stage = .authenticate, flags: Int32 = 0, line: [String] = [], for transaction: ScriptedTransaction
    ) throws -> Begun {
        let (_, frames) = try serve(stage, flags: flags, line: line, for: transaction) { daemon in
            try daemon.receive()
            daemon.verdict(.denied)
        }
        return try Begun(payload(frames.first))
    }

    private struct Begun {
        let begin: Begin
        private let payload: [UInt8]

        init(_ payload: [UInt8]) throws {
            self.payload = payload
            begin = try Begin(payload.span)
        }

        func text(_ field: Field) -> String {
            field.withBytes(in: payload.span) { bytes in
                String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
            }
        }

        var evidence: [String] { (0..<begin.evidence.count).map { text(begin.evidence.field(at: $0)) } }
        var arguments: [String] { (0..<begin.arguments.count).map { text(begin.arguments.field(at: $0)) } }
    }

    @Test func `tells who asks for whom, and from where`() throws {
        let transaction = ScriptedTransaction()
        transaction.items[.remoteHost] = Array("client.example".utf8)
        transaction.items[.terminal] = Array("ssh".utf8)
        transaction.items[.remoteUser] = Array("bob".utf8)
        transaction.environment["SSH_CONNECTION"] = Array("192.0.2.7 50000 192.0.2.1 22".utf8)
        transaction.environment["SSH_AUTH_INFO_0"] = Array("publickey ssh-ed25519 AAAAC3Nz\n".utf8)
        let begun = try begin(
            .changeCheck, flags: CInt(bitPattern: 0x8000_4000), line: ["provider=linux:2"], for: transaction)
        #expect(begun.begin.lowestVersion == Wire.versions.lowerBound)
        #expect(begun.begin.highestVersion == Wire.versions.upperBound)
        #expect(begun.begin.stage == .changeCheck)
        #expect(begun.begin.flags == 0x8000_4000)
        #expect(!begun.begin.hasAuthtok)
        #expect(begun.text(begun.begin.service) == "sshd")
        #expect(begun.text(begun.begin.user) == "alice")
        #expect(begun.text(begun.begin.remoteHost) == "client.example")
        #expect(begun.text(begun.begin.terminal) == "ssh")
        #expect(begun.text(begun.begin.remoteUser) == "bob")
        #expect(begun.text(begun.begin.connection) == "192.0.2.7 50000 192.0.2.1 22")
        #expect(begun.evidence == ["publickey ssh-ed25519"])
        #expect(begun.arguments == ["provider=linux:2"])
        #expect(transaction.notices.isEmpty)
    }

    @Test func `says that there is a password, and never which`() throws {
        let transaction = ScriptedTransaction()
        transaction.items[.authtok] = Array("hunter2".utf8)
        let (_, frames) = try serve(for: transaction) { daemon in
            try daemon.receive()
            daemon.verdict(.denied)
        }
        let begun = try Begun(payload(frames.first))
        #expect(begun.begin.hasAuthtok)
        #expect(!String(decoding: frames.joined(), as: UTF8.self).contains("hunter2"))
        transaction.items[.authtok] = []
        #expect(try !begin(for: transaction).begin.hasAuthtok)
    }

    // MARK: The name

    @Test func `asks for a name that is not set, and takes that one`() throws {
        let transaction = ScriptedTransaction(.types("bob"))
        transaction.items[.user] = nil
        let begun = try begin(for: transaction)
        #expect(begun.text(begun.begin.user) == "bob")
    }

    @Test func `a name that nobody gives is a failed conversation`() throws {
        let transaction = ScriptedTransaction(.fails)
        transaction.items[.user] = nil
        let (status, frames) = try serve(for: transaction) { $0.verdict(.granted) }
        #expect(name(status) == "PAM_CONV_ERR")
        #expect(frames.isEmpty)
    }

    @Test(
        arguments: [
            [], [UInt8](repeating: 0x61, count: 257), Array("a\nb".utf8), Array("a\u{1B}[2J".utf8),
            Array("a\u{202E}b".utf8),
            [0x61, 0xFF], [0x7F],
        ] as [[UInt8]])
    func `refuses a name that can be no account's, and asks nobody about it`(user: [UInt8]) throws {
        let transaction = ScriptedTransaction()
        transaction.items[.user] = user
        let (status, frames) = try serve(for: transaction) { $0.verdict(.granted) }
        #expect(name(status) == "PAM_AUTH_ERR")
        #expect(frames.isEmpty)
        #expect(transaction.notices.count == 1)
    }

    @Test(arguments: ["0", "-1", "root ", "..", "a/b", "e\u{301}", String(repeating: "u", count: 256)])
    func `passes on an odd name byte for byte`(user: String) throws {
        let transaction = ScriptedTransaction()
        transaction.items[.user] = Array(user.utf8)
        let begun = try begin(for: transaction)
        #expect(Array(begun.text(begun.begin.user).utf8) == Array(user.utf8))
    }

    @Test(arguments: [[], [UInt8](repeating: 0x73, count: 65), Array("a\nb".utf8)] as [[UInt8]])
    func `refuses a service without a proper name`(service: [UInt8]) throws {
        let transaction = ScriptedTransaction()
        transaction.items[.service] = service
        let (status, frames) = try serve(for: transaction) { $0.verdict(.granted) }
        #expect(name(status) == "PAM_SERVICE_ERR")
        #expect(frames.isEmpty)
        #expect(transaction.journal.count == 1)
    }

    // MARK: What is left out

    @Test(arguments: [
        (PAMItem.remoteHost, 256, "PAM_RHOST"), (.terminal, 128, "PAM_TTY"), (.remoteUser, 256, "PAM_RUSER"),
    ])
    func `leaves out what is too long or not printable, and never cuts it`(item: (PAMItem, Int, String)) throws {
        for value in [
            [UInt8](repeating: 0x61, count: item.1 + 1), [UInt8](repeating: 0x61, count: 4_096), Array("a\nb".utf8),
        ] {
            let transaction = ScriptedTransaction()
            transaction.items[item.0] = value
            let begun = try begin(for: transaction)
            #expect(begun.text(begun.begin.remoteHost).isEmpty)
            #expect(begun.text(begun.begin.terminal).isEmpty)
            #expect(begun.text(begun.begin.remoteUser).isEmpty)
            #expect(transaction.notices.count == 1)
            #expect(transaction.notices.first?.contains(item.2) == true)
        }
        let transaction = ScriptedTransaction()
        transaction.items[item.0] = [UInt8](repeating: 0x61, count: item.1)
        _ = try begin(for: transaction)
        #expect(transaction.notices.isEmpty)
    }

    // MARK: Evidence

    @Test(arguments: [
        ("password", "password"),
        ("keyboard-interactive/pam", "keyboard-interactive"),
        ("publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "publickey ssh-ed25519"),
        ("publickey ssh-ed25519", "publickey ssh-ed25519"),
        (
            "publickey sk-ecdsa-sha2-nistp256-cert-v01@openssh.com AAAA",
            "publickey sk-ecdsa-sha2-nistp256-cert-v01@openssh.com"
        ),
        ("hostbased ssh-rsa AAAA", "hostbased ssh-rsa"),
        ("gssapi-with-mic alice@EXAMPLE.ORG", "gssapi-with-mic"),
        ("password hunter2", "password"),
        ("publickey AAAAC3NzaC1lZDI1NTE5AAAA", "publickey"),
        ("publickey AAAA+/== x", "publickey"),
        ("publickey ssh-\u{1B}[2J x", "publickey"),
        ("publickey ssh-" + String(repeating: "x", count: 64), "publickey"),
        ("publickey", "publickey"),
    ])
    func `reduces a line of SSH_AUTH_INFO_0 to method and key type`(line: (String, String)) throws {
        let transaction = ScriptedTransaction()
        transaction.environment["SSH_AUTH_INFO_0"] = Array(line.0.utf8)
        #expect(try begin(for: transaction).evidence == [line.1])
    }

    @Test(arguments: ["", "\n\n", " password", "\u{1B}[2J", "pass\u{7}word", "/pam", String(repeating: "m", count: 65)])
    func `a line that names no method is no evidence`(line: String) throws {
        let transaction = ScriptedTransaction()
        transaction.environment["SSH_AUTH_INFO_0"] = Array(line.utf8)
        #expect(try begin(for: transaction).evidence.isEmpty)
    }

    @Test func `takes the first sixteen lines, however long their keys`() throws {
        let transaction = ScriptedTransaction()
        let lines = (0..<40).map { "publickey ssh-rsa-\($0) " + String(repeating: "A", count: 700) }
        transaction.environment["SSH_AUTH_INFO_0"] = Array(lines.joined(separator: "\n").utf8)
        #expect(try begin(for: transaction).evidence == (0..<16).map { "publickey ssh-rsa-\($0)" })
        #expect(transaction.notices.count == 1)
    }

    // MARK: The PAM line

    @Test(arguments: [
        ["debug"], ["exempt=ignore"], ["exempt="], ["exempt"], ["Exempt=success"], ["exempt=success "],
        ["socket="], ["socket=relative.sock"], ["socket=/" + String(repeating: "x", count: 107)],
        ["socket=/a", "socket=/a"], ["exempt=success", "exempt=success"], ["provider=linux", "provider=linux"],
        ["provider="], ["provider=" + String(repeating: "x", count: 120)], ["provider=a\u{1B}b"], ["socket=/a\u{1B}b"],
        [""],
    ])
    func `refuses a word that it does not accept, and quotes it`(line: [String]) throws {
        let transaction = ScriptedTransaction()
        #expect(name(serve(line: line, for: transaction)) == "PAM_SERVICE_ERR")
        #expect(transaction.journal.count == 1)
        let journal = try #require(transaction.journal.first)
        #expect(journal.contains("socket=/PATH, exempt=success and provider=TYPE[:ID]"))
        #expect(!journal.contains("\u{1B}"))
        #expect(journal.utf8.count < 300)
        #expect(transaction.shown.isEmpty)
    }
}
