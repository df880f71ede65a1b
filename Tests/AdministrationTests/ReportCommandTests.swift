import AdminProtocol
import Administration
import Foundation
import Testing

@Suite struct ReportCommandTests {
    /// A past that the tests choose.
    struct ScriptedHistory: LoginHistory {
        var all: [PastLogin] = []
        var gap: String?
        func logins(since: Int64) -> PastLogins { PastLogins(all.filter { $0.at >= since }, gap: gap) }
    }

    private static func account(
        _ name: String, devices: [EnrolledDevice] = [], codesLeft: Int? = nil, failures: Int = 0,
        standing: AccountFailures.Standing = .open, visit: ReportedVisit? = nil, refused: Int64? = nil
    ) -> ReportedAccount {
        ReportedAccount(
            account: name, devices: devices, codesLeft: codesLeft, failures: failures, standing: standing,
            delaySeconds: standing == .delayed ? 25 : 0, visit: visit, refusedUnenrolledAt: refused)
    }

    private static let phone = EnrolledDevice(
        account: "alice", module: Samples.totp, device: "phone", description: "SHA1, 6 digits, 30 s",
        createdAt: Samples.noon, lastUsedAt: Samples.noon)
    private static let ticket = EnrolledDevice(
        account: "alice", module: ModuleReference(type: "ticket"), device: "ticket", description: "until tomorrow",
        createdAt: Samples.noon, lastUsedAt: nil)
    private static let visit = ReportedVisit(at: Samples.noon, service: "sshd", host: "192.0.2.7", way: .granted)

    private func run(
        _ arguments: [String], _ pages: [(after: String?, page: ReportPage)], history: [PastLogin] = [],
        foreseen: [ScriptedDaemon.Turn] = []
    ) throws -> (status: CommandStatus, output: String) {
        let daemon = try ScriptedDaemon(
            pages.map { .exchange(.report(after: $0.after), reply: .report($0.page)) } + foreseen)
        let console = ScriptedConsole()
        let status = AdministrationCommand.execute(
            ["report", "--runtime-directory", daemon.runtimeDirectory] + arguments,
            in: AdministrationWorld(
                console: console, accounts: ScriptedAccounts(), history: ScriptedHistory(all: history)))
        #expect(daemon.finish() == [])
        return (status, console.output)
    }

    private func run(
        _ arguments: [String], _ accounts: [ReportedAccount], history: [PastLogin] = [],
        foreseen: [ScriptedDaemon.Turn] = []
    ) throws -> String {
        let shown = try run(
            arguments, [(nil, ReportPage(accounts: accounts, next: nil))], history: history, foreseen: foreseen)
        #expect(shown.status == .done)
        return shown.output
    }

    @Test func `everybody is listed with what there is to be known, over all pages`() throws {
        let pages: [(String?, ReportPage)] = [
            (
                nil,
                ReportPage(
                    accounts: [Self.account("alice", devices: [Self.phone], codesLeft: 0, visit: Self.visit)],
                    next: "alice")
            ),
            ("alice", ReportPage(accounts: [Self.account("bob", failures: 50, standing: .locked)], next: nil)),
        ]
        let shown = try run([], pages)
        #expect(
            shown.output == """
                ACCOUNT  DEVICES       LAST USED   CODES  LAST LOGIN  ENROL BY  STANDING
                alice    phone (totp)  2026-11-22  0      2026-11-22  -         open
                bob      none          never       -      -           -         locked
                2 accounts: 1 enrolled, 1 not, 1 with no recovery code left, 1 delayed or locked.

                """)
    }

    @Test func `whoever has a ticket or a bypass code alone is not enrolled`() throws {
        let bypass = EnrolledDevice(
            account: "bob", module: ModuleReference(type: "bypass"), device: "bypass", description: nil,
            createdAt: Samples.noon, lastUsedAt: nil)
        let accounts = [
            Self.account("alice", devices: [Self.ticket]), Self.account("bob", devices: [bypass]),
            Self.account("carol", devices: [Self.ticket, Self.phone]),
        ]
        #expect(try run([], accounts).hasSuffix("\n3 accounts: 1 enrolled, 2 not.\n"))
        let lines = try run(["--csv"], accounts).split(separator: "\n").dropFirst()
        #expect(lines.map { $0.split(separator: ",")[1] } == ["no", "no", "yes"])
        let json = try run(["--json"], accounts)
        #expect(json.split(separator: "\"enrolled\": ").dropFirst().map { $0.prefix(4) } == ["fals", "fals", "true"])
    }

    @Test func `comma-separated values keep their columns, whatever a device is called`() throws {
        let odd = EnrolledDevice(
            account: "alice", module: Samples.totp, device: #"my "new", phone"#, description: nil,
            createdAt: Samples.noon, lastUsedAt: nil)
        let text = try run(["--csv"], [Self.account("=cmd", devices: [odd], visit: Self.visit)])
        #expect(
            text == """
                account,enrolled,devices,last_used_at,codes_left,failures,standing,last_login_at,last_login_service,\
                last_login_result,refused_unenrolled_at,enroll_until
                '=cmd,yes,"my ""new"", phone (totp)",,,0,open,\(Samples.noon),sshd,granted,,

                """)
    }

    @Test func `a report is one document as JSON`() throws {
        let text = try run(["--json"], [Self.account("alice", devices: [Self.phone], visit: Self.visit)])
        #expect(
            text == """
                {"accounts": [{"account": "alice", "enrolled": true, "devices": [{"module": "totp", "module_id": null, \
                "device": "phone", "description": "SHA1, 6 digits, 30 s", "created_at": \(Samples.noon), \
                "last_used_at": \(Samples.noon), "problem": null}], "last_used_at": \(Samples.noon), \
                "codes_left": null, "failures": 0, "standing": "open", "delay_seconds": 0, "last_login": \
                {"at": \(Samples.noon), "service": "sshd", "remote_host": "192.0.2.7", "result": "granted"}, \
                "refused_unenrolled_at": null, "enroll_until": null}]}

                """)
    }

    @Test func `a daemon that gives the same page again is not asked for ever`() throws {
        let page = ReportPage(accounts: [], next: "a")
        #expect(try run([], [(nil, page), ("a", page)]).status == .unreachable)
    }

    @Test func `JSON and comma-separated values are not asked for together`() {
        let world = AdministrationWorld(console: ScriptedConsole(), accounts: ScriptedAccounts())
        #expect(AdministrationCommand.execute(["report", "--csv", "--json"], in: world) == .usage)
    }

    // MARK: Who would be refused

    private static let now: Int64 = 2_000_000_000
    private static let since = now - 90 * 86_400

    private static func seen(_ way: ReportedVisit.Way, at: Int64 = now) -> ReportedVisit {
        ReportedVisit(at: at, service: "sshd", host: nil, way: way)
    }

    struct Row: Sendable {
        let what: String
        var account: ReportedAccount?
        var login: PastLogin?
        let isListed: Bool
    }

    static let rows: [Row] = [
        Row(what: "let off lately", account: account("a", visit: seen(.skipped)), isListed: true),
        Row(what: "let off long ago", account: account("a", visit: seen(.skipped, at: since - 1)), isListed: false),
        Row(what: "exempt", account: account("a", visit: seen(.exempt)), isListed: false),
        Row(what: "refused", account: account("a", refused: now), isListed: true),
        Row(
            what: "exempt here, refused there", account: account("a", visit: seen(.exempt), refused: now),
            isListed: true),
        Row(what: "with a ticket alone", account: account("a", devices: [ticket], refused: now), isListed: true),
        Row(what: "enrolled", account: account("a", devices: [phone], visit: seen(.granted)), isListed: false),
        Row(what: "seen by the system alone", login: PastLogin(account: "a", at: now, source: "wtmp"), isListed: true),
        Row(
            what: "seen by the system long ago", login: PastLogin(account: "a", at: since - 1, source: "wtmp"),
            isListed: false),
        Row(
            what: "enrolled, and seen by the system", account: account("a", devices: [phone]),
            login: PastLogin(account: "a", at: now, source: "lastlog"), isListed: false),
        Row(
            what: "exempt, and seen by the system", account: account("a", visit: seen(.exempt)),
            login: PastLogin(account: "a", at: now, source: "lastlog"), isListed: false),
    ]

    @Test(arguments: rows) func `who was seen lately and has nothing is listed, and nobody else`(row: Row) {
        let found = ActiveAccount.unenrolled(
            row.account.map { [$0] } ?? [], row.login.map { [$0] } ?? [], since: Self.since)
        #expect(found.map(\.account) == (row.isListed ? ["a"] : []), "\(row.what)")
    }

    @Test func `they are listed with when and by whom they were seen, and what to type next`() throws {
        // Within the 90 days before any day that these tests can run on.
        let at = Int64(Date().timeIntervalSince1970) - 60
        let refused = Self.account("carol", refused: at)
        let text = try run(
            ["--unenrolled-active", "--csv"], [refused],
            history: [
                PastLogin(account: "dave", at: at + 1, source: "lastlog")
            ],
            foreseen: [
                foresee("carol", ["denied", "skipped"]),
                .exchange(
                    .explain(login: Self.supposed("dave")),
                    reply: .refused(AdminRefusal(.unknownAccount, "'dave' is no account's name."))),
            ])
        #expect(
            text == """
                account,last_seen_at,source,service,last_result,prospect
                carol,\(at),twostepd,,refused,skipped
                dave,\(at + 1),lastlog,,,

                """)
        #expect(
            try run(["--unenrolled-active"], [refused], foreseen: [foresee("carol", ["exempt"])]).hasSuffix(
                "1 account would be refused where a code is demanded. Enrol one with: twostep enroll carol totp\n"))
        #expect(
            try run(["--unenrolled-active"], [refused], foreseen: [foresee("carol", [])]).hasSuffix(
                "1 account would be refused where a code is demanded, 1 by the rules that are in force. "
                    + "Enrol one with: twostep enroll carol totp\n"))
        #expect(try run(["--unenrolled-active"], [Self.account("bob", devices: [Self.phone])]).hasPrefix("Everybody"))
    }

    private static func supposed(_ account: String) -> SupposedLogin {
        SupposedLogin(service: "sshd", account: account, ssh: ["publickey"], hasAuthtok: true)
    }

    /// What the daemon foresees of a login by sshd, with a way for each result; `denied` before any way without one.
    private func foresee(_ account: String, _ results: [String]) -> ScriptedDaemon.Turn {
        var explanation = Explanation(service: "sshd", account: account, caller: .root)
        explanation.ways = results.map {
            Explanation.Way(
                provider: Samples.home, isChosen: true, asksFirst: true, owed: [], asked: 0,
                ending: Explanation.Ending(result: $0, reason: nil, code: "PAM_AUTH_ERR"))
        }
        if results.isEmpty {
            explanation.ending = Explanation.Ending(result: "denied", reason: "not_enrolled", code: "PAM_AUTH_ERR")
        }
        return .exchange(.explain(login: Self.supposed(account)), reply: .explained(explanation))
    }

    // MARK: The system's own files

    @Test func `logins are read from wtmp and lastlog, and nothing from files that are none`() throws {
        let folder = try TemporaryFolder.make()
        defer { TemporaryFolder.remove(folder) }
        var record = [UInt8](repeating: 0, count: 384)
        record[0] = 7
        record.replaceSubrange(44..<49, with: Array("carol".utf8))
        record.replaceSubrange(340..<344, with: [0x00, 0x94, 0x35, 0x77])
        var gone = record
        gone[0] = 8
        try Data(gone + record + [1, 2, 3]).write(to: URL(fileURLWithPath: "\(folder)/wtmp"))
        try Data([0x00, 0x94, 0x35, 0x77] + [UInt8](repeating: 0, count: 288))
            .write(to: URL(fileURLWithPath: "\(folder)/lastlog"))
        let history = HostLoginHistory(lastlog: "\(folder)/lastlog", wtmp: "\(folder)/wtmp")
        #expect(
            history.logins(since: 0).known == [
                PastLogin(account: "root", at: Self.now, source: "lastlog"),
                PastLogin(account: "carol", at: Self.now, source: "wtmp"),
            ])
        #expect(history.logins(since: 0).gap == nil)
        #expect(history.logins(since: Self.now + 1).known.isEmpty)
        #expect(HostLoginHistory(lastlog: "\(folder)/no", wtmp: folder).logins(since: 0) == PastLogins([]))
    }

    @Test func `a walk through the accounts that is cut off is no end of it`() throws {
        let folder = try TemporaryFolder.make()
        defer { TemporaryFolder.remove(folder) }
        try Data([0x00, 0x94, 0x35, 0x77] + [UInt8](repeating: 0, count: 288))
            .write(to: URL(fileURLWithPath: "\(folder)/lastlog"))
        func logins(_ steps: AccountWalk.Step...) -> PastLogins {
            var left = steps
            let history = HostLoginHistory(lastlog: "\(folder)/lastlog", wtmp: folder) {
                left.isEmpty ? .end : left.removeFirst()
            }
            return history.logins(since: 0)
        }
        let root = PastLogin(account: "root", at: Self.now, source: "lastlog")
        #expect(logins(.account(name: "root", uid: 0)) == PastLogins([root]))
        let cut = logins(.account(name: "root", uid: 0), .cutOff(EIO))
        #expect(cut.known == [root])
        #expect(cut.gap?.contains("cut off (Input/output error)") == true)
        // With nobody found, nobody is told that everybody has something.
        let daemon = try ScriptedDaemon([
            .exchange(.report(after: nil), reply: .report(ReportPage(accounts: [], next: nil)))
        ])
        let console = ScriptedConsole()
        let status = AdministrationCommand.execute(
            ["report", "--unenrolled-active", "--runtime-directory", daemon.runtimeDirectory],
            in: AdministrationWorld(
                console: console, accounts: ScriptedAccounts(), history: ScriptedHistory(gap: "It was cut off.")))
        #expect(daemon.finish() == [] && status == .done)
        #expect(console.errors == "It was cut off.\n")
        #expect(console.output.hasPrefix("Everybody of those who were found"))
    }
}
