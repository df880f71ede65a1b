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
}
