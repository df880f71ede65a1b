import Authentication
import Daemon
import Testing

/// The lines that fail2ban and people's own filters go by. A change here is a change of an interface.
@Suite struct LineTests {
    struct Row: Sendable {
        let verdict: Verdict
        var host: String? = "192.0.2.7"
        var user = "alice"
        var origin = LoginRequest.Origin.trusted
        var last: Reason?
        let line: String
        /// Whom fail2ban may ban for it.
        var banned: String?
    }

    static let rows: [Row] = [
        Row(
            verdict: .denied(.wrongAnswer),
            line: #"login denied reason=invalid_code service=sshd rhost=192.0.2.7 user="alice" tty=ssh provider=pam "#
                + #"module=totp config=1"#, banned: "192.0.2.7"),
        Row(
            verdict: .triesUsedUp(.delayed(seconds: 30)), host: "2001:db8::7", last: .wrongAnswer,
            line: #"login denied reason=delayed last=invalid_code service=sshd rhost=2001:db8::7 user="alice" tty=ssh "#
                + #"provider=pam module=totp delay=30 config=1"#, banned: "2001:db8::7"),
        Row(
            verdict: .denied(.unknownAccount), user: #"x" rhost=198.51.100.1 user="root"#,
            line: #"login denied reason=unknown_account service=sshd rhost=192.0.2.7 "#
                + #"user="x\" rhost=198.51.100.1 user=\"root" tty=ssh provider=pam module=totp config=1"#,
            banned: "192.0.2.7"),
        Row(
            verdict: .denied(.wrongAnswer), host: nil,
            line:
                #"login denied reason=invalid_code service=sshd user="alice" tty=ssh provider=pam module=totp config=1"#
        ),
        Row(
            verdict: .denied(.wrongAnswer), origin: .accountItself(uid: 1001),
            line: #"claimed login denied reason=invalid_code service=sshd uid=1001 user="alice" tty=ssh provider=pam "#
                + #"module=totp config=1"#),
        Row(
            verdict: .granted,
            line: #"login granted service=sshd rhost=192.0.2.7 user="alice" tty=ssh provider=pam module=totp config=1"#),
        Row(
            verdict: .unavailable(.storeUnavailable),
            line: #"login unavailable reason=store_unavailable service=sshd rhost=192.0.2.7 user="alice" tty=ssh "#
                + #"provider=pam module=totp config=1"#),
        Row(
            verdict: .conversationFailed, last: .wrongAnswer,
            line: #"login abandoned reason=conversation last=invalid_code service=sshd rhost=192.0.2.7 user="alice" "#
                + #"tty=ssh provider=pam module=totp config=1"#),
    ]

    private func line(_ row: Row) throws -> String {
        var record = LoginRecord(verdict: row.verdict, peer: row.origin == .trusted ? 0 : 1001, generation: 1)
        record.request = LoginRequest(
            service: "sshd", account: try #require(AccountName(row.user)), remoteHost: row.host, terminal: "ssh",
            origin: row.origin)
        record.lastRefusal = row.last
        record.provider = ProviderID("pam")
        record.module = ModuleID("totp")
        return record.entry.message
    }

    @Test(arguments: rows) func `a decision is said in this line and no other`(row: Row) throws {
        #expect(try line(row) == row.line)
    }

    /// As fail2ban would look, anchored at both ends of what it needs: the host is no name and stands before the user.
    @Test(arguments: rows) func `a filter finds the host of a refused login, and none in any other line`(row: Row)
        throws
    {
        let filter =
            /^login denied reason=[a-z_]+ (?:last=[a-z_]+ )?service=\S+ rhost=([0-9A-Fa-f:.]+) user="(?:[^"\\]|\\.)*"(?: |$)/
        #expect(try line(row).firstMatch(of: filter).map { String($0.output.1) } == row.banned)
    }
}
