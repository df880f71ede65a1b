import Authentication
import Daemon
import Testing

@Suite struct JournalTests {
    private func record(_ user: String, host: String? = nil, verdict: Verdict = .denied(.wrongAnswer)) throws
        -> LoginRecord
    {
        var record = LoginRecord(verdict: verdict, peer: 0, generation: 3)
        record.request = LoginRequest(service: "sshd", account: try #require(AccountName(user)), remoteHost: host)
        return record
    }

    @Test func `a refused login is one line with rhost before the quoted user`() throws {
        let entry = try record("alice", host: "192.0.2.1").entry
        #expect(
            entry.message == #"login denied reason=invalid_code service=sshd rhost=192.0.2.1 user="alice" config=3"#)
        #expect(entry.fields.contains { $0 == ("TWOSTEP_USER", "alice") })
        #expect(entry.fields.contains { $0 == ("TWOSTEP_RHOST", "192.0.2.1") })
    }

    @Test(arguments: [
        "a\"b", "a\\b", "a b", "user=\"root\" rhost=1.2.3.4", "x\"\u{301} user=\"root", "x\\\u{301}",
    ]) func `a name cannot shift what stands beside it`(_ name: String) throws {
        let message = try record(name, host: "192.0.2.1").entry.message
        let quoted = name.unicodeScalars.map { "\"\\".unicodeScalars.contains($0) ? "\\\($0)" : "\($0)" }.joined()
        #expect(message.hasSuffix("user=\"\(quoted)\" config=3"))
    }

    @Test(arguments: ["1.2.3.4 user=\"root\"", "a\"b", "x\\y", "x \u{301}user=bob", "x\"\u{301}"])
    func `a host's text cannot shift what stands beside it`(_ host: String) throws {
        let message = try record("alice", host: host).entry.message
        let value = try #require(message.split(separator: "rhost=").last?.split(separator: " user=").first)
        #expect(!value.unicodeScalars.contains { " \"\\".unicodeScalars.contains($0) })
    }

    @Test func `controls, line ends and overrides never reach an entry`() {
        let entry = JournalEntry(.error, "a\nb\u{1B}[31mc\u{202E}d\u{85}e", fields: [("X", "1\n2")])
        #expect(entry.message == "a?b?[31mc???d??e")
        #expect(entry.fields[0].value == "1?2")
    }

    @Test func `a caller that is the account itself only claims to be, and fail2ban does not match its line`() throws {
        var record = try record("alice", host: "192.0.2.1")
        record.request?.origin = .accountItself(uid: 1001)
        record.peer = 1001
        let message = record.entry.message
        #expect(message.hasPrefix("claimed login denied"))
        #expect(message.contains("uid=1001"))
        #expect(!message.contains("rhost="))
    }

    @Test(arguments: [
        ("alice", "192.0.2.1", "pts/3"), ("a b\"c\\", "x y", ""), ("é", "h\nMESSAGE=x", "t\u{1B}y"),
        ("user=\"root\"", "\u{202E}", ":0"),
    ]) func `what journald gets says what the entry says`(_ user: String, _ host: String, _ terminal: String) throws {
        var datagram = JournalDatagram()
        let verdicts: [Verdict] = [
            .granted, .denied(.wrongAnswer), .triesUsedUp(.delayed(seconds: 30)), .unavailable(.misconfigured),
            .badArgument("a \"b\""), .proved,
        ]
        for verdict in verdicts {
            var login = try record(user, host: host, verdict: verdict)
            login.request?.terminal = terminal
            login.provider = ProviderID("pam")
            login.modules = [ModuleID("totp"), ModuleID("pin", id: "work")]
            login.lastRefusal = .replayed
            login.stepOffset = -1
            login.process = 42
            login.ruleLine = 7
            login.hint = "one\ntwo \"three\""
            for peer: UInt32 in [0, 1001] {
                if peer != 0 { login.request?.origin = .accountItself(uid: peer) }
                login.peer = peer
                let entry = login.entry
                datagram.put(login)
                var lines = [
                    "PRIORITY=\(entry.level.rawValue)", "SYSLOG_IDENTIFIER=twostepd", "MESSAGE=\(entry.message)",
                ]
                lines += entry.fields.map { "\($0.name)=\($0.value)" }
                #expect(String(decoding: datagram.bytes, as: UTF8.self) == lines.map { $0 + "\n" }.joined())
            }
        }
    }
}
