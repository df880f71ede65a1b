import AdminProtocol
import Administration
import Foundation
import Testing

/// block, unblock, adopt, grants and explain.
@Suite struct PolicyCommandTests {
    static let block = #""account": "alice", "reason": "phone stolen", "since": \#(Samples.noon)"#
    static let older = RememberedLogin(
        id: 2, account: "alice", service: "su", terminal: "pts/3", leader: 4711, steps: [], secondsLeft: 5)
    static let grant = """
        {"id": 3, "account": "alice", "service": "sudo", "terminal": "pts/3", "leader": 4711, "steps": \
        [[{"module": "totp", "module_id": null}, {"module": "recovery_code", "module_id": null}], \
        [{"module": "pin", "module_id": null}]], "seconds_left": 61}
        """

    static func adoption(isDone: Bool, former: String = "1001", devices: Int = 2) -> String {
        #"{"account": "alice", "uid": 1005, "former_uids": [\#(former)], "devices": \#(devices)}"#
    }

    static let rows: [CommandTests.Row] = [
        CommandTests.Row(
            arguments: ["block", "alice", "--reason", "phone stolen"],
            turns: [
                .exchange(
                    .block(account: "alice", reason: "phone stolen"),
                    reply: .blocked(Blocking(block: Samples.block, wasBlocked: false)))
            ], text: "Blocked alice.\nTo take it back: twostep unblock alice\n",
            json: #"{\#(block), "was_blocked": false}"#),
        CommandTests.Row(
            arguments: ["block", "alice"],
            turns: [
                .exchange(
                    .block(account: "alice", reason: nil),
                    reply: .blocked(Blocking(block: Samples.block, wasBlocked: true)))
            ], text: "Blocked alice, who was blocked already.\nTo take it back: twostep unblock alice\n",
            json: #"{\#(block), "was_blocked": true}"#),
        CommandTests.Row(
            arguments: ["unblock", "alice"],
            turns: [
                .exchange(
                    .unblock(account: "alice"),
                    reply: .unblocked(Unblocking(account: "alice", wasBlocked: true)))
            ], text: "alice is blocked no more.\n", json: #"{"account": "alice", "was_blocked": true}"#),
        CommandTests.Row(
            arguments: ["unblock", "alice"],
            turns: [
                .exchange(
                    .unblock(account: "alice"),
                    reply: .unblocked(Unblocking(account: "alice", wasBlocked: false)))
            ], text: "alice was not blocked.\n", json: #"{"account": "alice", "was_blocked": false}"#),
        CommandTests.Row(
            arguments: ["adopt", "alice", "--yes"],
            turns: [
                .exchange(.adopt(account: "alice", uid: nil), reply: .adoption(Samples.adoption(isDone: false))),
                .exchange(.adopt(account: "alice", uid: 1005), reply: .adoption(Samples.adoption(isDone: true))),
            ], text: "2 devices of alice now belong to uid 1005.\n", json: adoption(isDone: true)),
        CommandTests.Row(
            arguments: ["adopt", "alice"],
            turns: [
                .exchange(
                    .adopt(account: "alice", uid: nil),
                    reply: .adoption(Samples.adoption(isDone: false, former: [], devices: 0)))
            ], text: "Every device of alice belongs to its uid, 1005.\n",
            json: adoption(isDone: false, former: "", devices: 0)),
        CommandTests.Row(
            arguments: ["grants"],
            turns: [.exchange(.grants(), reply: .grants(GrantListing(grants: [Samples.grant])))],
            text: """
                ID  ACCOUNT  SERVICE  TERMINAL  LEADER  MODULES                  TIME LEFT
                3   alice    sudo     pts/3     4711    totp|recovery_code, pin  1 min 1 s

                """, json: #"{"grants": [\#(grant)]}"#),
        CommandTests.Row(
            arguments: ["grants", "--user", "alice"],
            turns: [
                .exchange(
                    .grants(account: "alice"), reply: .grants(GrantListing(grants: [Samples.grant], others: 1))),
                .exchange(.grants(before: 3, account: "alice"), reply: .grants(GrantListing(grants: [older]))),
            ],
            text: """
                ID  ACCOUNT  SERVICE  TERMINAL  LEADER  MODULES                  TIME LEFT
                3   alice    sudo     pts/3     4711    totp|recovery_code, pin  1 min 1 s
                2   alice    su       pts/3     4711                             5 s

                """,
            json: #"{"grants": [\#(grant), {"id": 2, "account": "alice", "service": "su", "terminal": "pts/3", "#
                + #""leader": 4711, "steps": [], "seconds_left": 5}]}"#),
        CommandTests.Row(
            arguments: ["grants", "list", "--user", "alice"],
            turns: [.exchange(.grants(account: "alice"), reply: .grants(GrantListing(grants: [])))],
            text: "alice is let off nothing.\n", json: #"{"grants": []}"#),
        CommandTests.Row(
            arguments: ["grants", "list"],
            turns: [.exchange(.grants(), reply: .grants(GrantListing(grants: [])))],
            text: "Nobody is let off anything.\n", json: #"{"grants": []}"#),
        CommandTests.Row(
            arguments: ["grants", "revoke", "3"],
            turns: [
                .exchange(
                    .revokeGrants(id: 3, account: nil), reply: .grantsRevoked(GrantListing(grants: [Samples.grant])))
            ], text: "Revoked: alice with sudo at pts/3.\n", json: #"{"grants": [\#(grant)], "others": 0}"#),
        CommandTests.Row(
            arguments: ["grants", "revoke", "--user", "alice"],
            turns: [
                .exchange(
                    .revokeGrants(id: nil, account: "alice"), reply: .grantsRevoked(GrantListing(grants: [])))
            ], text: "There was nothing to revoke.\n", json: #"{"grants": [], "others": 0}"#),
        CommandTests.Row(
            arguments: ["grants", "revoke", "--all"],
            turns: [
                .exchange(
                    .revokeGrants(id: nil, account: nil),
                    reply: .grantsRevoked(GrantListing(grants: [Samples.grant], others: 2)))
            ], text: "Revoked: alice with sudo at pts/3.\nRevoked: 2 more grants.\n",
            json: #"{"grants": [\#(grant)], "others": 2}"#),
        CommandTests.Row(
            arguments: [
                "explain", "sudo", "alice", "--rhost", "192.0.2.7", "--tty", "/dev/pts/3", "--ssh",
                "publickey ssh-ed25519", "--authtok", "--uid", "1001", "--provider", "homeassistant:home",
            ],
            turns: [
                .exchange(
                    .explain(
                        login: SupposedLogin(
                            service: "sudo", account: "alice", remoteHost: "192.0.2.7", terminal: "/dev/pts/3",
                            ssh: ["publickey ssh-ed25519"], hasAuthtok: true, caller: 1001, provider: Samples.home)),
                    reply: .explained(Samples.end))
            ],
            text: """
                nothing outside has proved a first factor
                it ends at once: denied, not_permitted (PAM_AUTH_ERR)

                """,
            json: """
                {"service": "sshd", "account": "alice", "caller": "user", "evidence": [], "rules": [], "terms": null, \
                "uid": null, "former_uids": [], "block": null, "failures": 0, "standing": "open", "delay_seconds": 0, \
                "bypass": null, "grant": null, "ways": [], "ending": {"result": "denied", "reason": "not_permitted", \
                "code": "PAM_AUTH_ERR", "delay_seconds": null}}
                """),
        CommandTests.Row(
            arguments: ["explain", "sshd", "alice"],
            turns: [
                .exchange(
                    .explain(login: SupposedLogin(service: "sshd", account: "alice")),
                    reply: .explained(Samples.withoutEvidence))
            ],
            text: """
                nothing outside has proved a first factor
                it ends at once: denied, no_evidence (PAM_AUTH_ERR)
                suppose that a factor was proved with --ssh publickey, or with --authtok for a password

                """,
            json: """
                {"service": "sshd", "account": "alice", "caller": "user", "evidence": [], "rules": [], "terms": null, \
                "uid": null, "former_uids": [], "block": null, "failures": 0, "standing": "open", "delay_seconds": 0, \
                "bypass": null, "grant": null, "ways": [], "ending": {"result": "denied", "reason": "no_evidence", \
                "code": "PAM_AUTH_ERR", "delay_seconds": null}}
                """),
        CommandTests.Row(
            arguments: ["explain", "sudo", "alice"],
            turns: [
                .exchange(
                    .explain(login: SupposedLogin(service: "sudo", account: "alice")),
                    reply: .explained(Samples.explanation))
            ],
            text: """
                rule in line 9: does not match, because of 'service'
                rule in line 12: matches
                  unenrolled: skip
                  remember: 15 min
                  1 answer a step, each within 5 min
                first factor: a password taken by a line above
                \(Self.sentence)
                alice has the uid 1005, and devices enrolled for uid 1001: if it is the same person, twostep adopt alice
                alice has 6 failures, and must wait for 25 s
                a bypass code is outstanding, until 2026-11-25 15:00 UTC: phone lost
                grant 3: let off at pts/3, in the session of process 4711, for 1 min 1 s
                provider homeassistant:home, if it is picked from the menu
                  owes totp (1 device, damaged) or recovery_code (1 device), then insecure_example
                  asks for its own proof, then for totp (1 device, damaged) or recovery_code (1 device)
                  and if all is answered right, with recovery_code: denied, delayed for 25 s (PAM_MAXTRIES)
                provider linux, if it is picked from the menu
                  owes no module
                  asks for nothing
                  and if all is answered right: exempt, exempt (PAM_IGNORE, or PAM_SUCCESS where the PAM line says \
                exempt=success)

                """,
            json: """
                {"service": "sudo", "account": "alice", "caller": "root", \
                "evidence": ["a password taken by a line above"], "rules": [{"line": 9, "mismatch": "service"}, \
                {"line": 12, "mismatch": null}], "terms": {"rule": 12, "exempt": false, \
                "first_factor_waived": false, "unenrolled": "skip", "remember_seconds": 900, "tries": 1, \
                "session_seconds": 300, "code_digits": null, "security_key": null}, "uid": 1005, "former_uids": [1001], "block": {\(block)}, "failures": 6, \
                "standing": "delayed", "delay_seconds": 25, \
                "bypass": "until 2026-11-25 15:00 UTC: phone lost", "grant": \(grant), "ways": [{"provider": "homeassistant", \
                "provider_id": "home", "chosen": true, "asks_first": true, "owed": [[{"module": "totp", \
                "module_id": null, "devices": 1, "standing": "damaged"}, {"module": "recovery_code", "module_id": null, \
                "devices": 1, "standing": null}], [{"module": "insecure_example", "module_id": null, "devices": null, \
                "standing": null}]], "asked": 1, "answered": [{"module": "recovery_code", "module_id": null}], "ending": \
                {"result": "denied", "reason": "delayed", "code": "PAM_MAXTRIES", "delay_seconds": 25}}, \
                {"provider": "linux", "provider_id": null, "chosen": true, "asks_first": false, "owed": [], \
                "asked": 0, "answered": [], "ending": {"result": "exempt", "reason": "exempt", "code": "PAM_IGNORE", \
                "delay_seconds": null}}], "ending": null}
                """),
        CommandTests.Row(
            arguments: ["list", "alice"],
            turns: [
                .exchange(
                    .list(account: "alice"),
                    reply: .listing(Listing(devices: [], counters: [], blocks: [Samples.block])))
            ], text: "alice has no device.\n\(Self.sentence)\n",
            json: #"{"devices": [], "failures": [], "blocks": [{\#(block)}]}"#),
    ]

    /// The moment is local time, wherever the tests run.
    static let sentence: String = {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.dateFormat = "yyyy-MM-dd HH:mm"
        let since = format.string(from: Date(timeIntervalSince1970: TimeInterval(Samples.noon)))
        return "alice is blocked since \(since): phone stolen"
    }()

    @Test(arguments: rows) func `a command says what the daemon did`(row: CommandTests.Row) throws {
        try row.checkText()
    }

    @Test(arguments: rows) func `and with --json in one document`(row: CommandTests.Row) throws {
        try row.checkDocument()
    }

    @Test func `adopting asks with both uids, and no changes nothing`() throws {
        let preview = ScriptedDaemon.Turn.exchange(
            .adopt(account: "alice", uid: nil), reply: .adoption(Samples.adoption(isDone: false)))
        let no = try Performance(
            ["adopt", "alice"], against: [preview], console: ScriptedConsole([.text("n")], isTerminal: true))
        #expect(no.status == .refused)
        #expect(
            no.errors.contains("alice has the uid 1005, and 2 devices enrolled for uid 1001.\nIs it the same person?"))
        #expect(no.errors.hasSuffix("twostep: Nothing was changed.\n"))
        let script = try Performance(["adopt", "alice"], against: [preview])
        #expect(script.status == .usage)
        #expect(script.errors.contains("twostep adopt alice --yes"))
    }

    @Test(arguments: [
        ["grants", "revoke"], ["grants", "revoke", "3", "--all"], ["grants", "revoke", "--user", "a", "--all"],
    ])
    func `which grants are meant must be said, and once`(arguments: [String]) {
        let performance = Performance(arguments)
        #expect(performance.status == .usage)
        #expect(performance.errors.contains("Which grants?"))
    }

    @Test(arguments: [
        ("2026-11-22 11:04", true), ("2026-11-22T11:04:05", true), ("tomorrow", false), ("2026-11-22", false),
        ("2026-11-22 24:00", false), ("2026-11-31 11:04", false), ("2026-11-22 1:04", false),
        ("2026-11-22 11:04 x", false), ("", false),
    ]) func `a time is local time, or none`(_ text: String, _ isTime: Bool) throws {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.dateFormat = text.contains("T") ? "yyyy-MM-dd'T'HH:mm:ss" : "yyyy-MM-dd HH:mm"
        guard isTime else {
            let performance = Performance(["explain", "sshd", "alice", "--at", text])
            #expect(performance.status == .usage)
            #expect(performance.errors.contains("is no time"))
            return
        }
        let moment = try #require(format.date(from: text))
        let login = SupposedLogin(service: "sshd", account: "alice", moment: Int64(moment.timeIntervalSince1970))
        let asked = try Performance(
            ["explain", "sshd", "alice", "--at", text],
            against: [.exchange(.explain(login: login), reply: .explained(Samples.end))])
        #expect(asked.status == .done)
    }
}
