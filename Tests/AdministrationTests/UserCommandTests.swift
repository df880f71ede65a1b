import AdminProtocol
import Administration
import Authentication
import Foundation
import Testing

@Suite struct UserCommandTests {
    static func find(_ user: KeptUser, named name: String? = "zoë") -> ScriptedDaemon.Turn {
        .exchange(.user(username: name, provider: nil), reply: .user(user))
    }

    static func set(
        _ intent: PasswordIntent, _ password: String = "pässword 🔑", account: String? = "alice",
        creates: Bool = false, replaced: Bool = false
    ) -> ScriptedDaemon.Turn {
        let user = KeptUser(
            provider: Samples.home, username: "zoë", changedAt: Samples.noon, account: account,
            createsCredentials: creates)
        return .exchange(
            .setPassword(username: "zoë", provider: Samples.home, intent: intent), [password],
            reply: .passwordSet(PasswordChange(user: user, replaced: replaced)))
    }

    static let document = """
        "provider": "homeassistant", "provider_id": "home", "username": "zoë"
        """

    static let rows: [CommandTests.Row] = [
        CommandTests.Row(
            arguments: ["user", "add", "zoë", "--password-stdin"], turns: [find(Samples.nobody), set(.add)],
            lines: [.text("pässword 🔑")], text: "Added the user 'zoë' of homeassistant:home.\n",
            json: """
                {\(document), "changed_at": \(Samples.noon), "account": "alice", "creates_credentials": false, \
                "replaced": false}
                """),
        CommandTests.Row(
            arguments: ["user", "add", "zoë", "--password-stdin"],
            turns: [find(Samples.nobody), set(.add, account: nil)], lines: [.text("pässword 🔑")],
            text: """
                Added the user 'zoë' of homeassistant:home.
                zoë cannot log in to an account yet. Type: twostep credentials link homeassistant:home zoë ACCOUNT

                """,
            json: """
                {\(document), "changed_at": \(Samples.noon), "account": null, "creates_credentials": false, \
                "replaced": false}
                """),
        CommandTests.Row(
            arguments: ["user", "add", "zoë", "--password-stdin"],
            turns: [find(Samples.nobody), set(.add, account: nil, creates: true)], lines: [.text("pässword 🔑")],
            text: "Added the user 'zoë' of homeassistant:home.\n",
            json: """
                {\(document), "changed_at": \(Samples.noon), "account": null, "creates_credentials": true, \
                "replaced": false}
                """),
        CommandTests.Row(
            arguments: ["user", "add", "zoë", "--password-stdin"], turns: [find(Samples.zoe)], status: .refused,
            text: "",
            json: """
                {"error": {"code": "user_exists", "message": "homeassistant:home has a user 'zoë' already.", \
                "hint": "Another password for that one: twostep user passwd zoë"}}
                """),
        CommandTests.Row(
            arguments: ["user", "passwd", "zoë", "--password-stdin"],
            turns: [find(Samples.zoe), set(.change, replaced: true)], lines: [.text("pässword 🔑")],
            text: "Changed the password of 'zoë' of homeassistant:home.\n",
            json: """
                {\(document), "changed_at": \(Samples.noon), "account": "alice", "creates_credentials": false, \
                "replaced": true}
                """),
        CommandTests.Row(
            arguments: ["user", "passwd", "zoë", "--password-stdin"], turns: [find(Samples.nobody)],
            status: .refused, text: "",
            json: """
                {"error": {"code": "unknown_user", "message": "homeassistant:home has no user 'zoë'. \
                Nothing was changed.", "hint": "See who there is: twostep user list"}}
                """),
        CommandTests.Row(
            arguments: ["user", "remove", "zoë", "--yes"],
            turns: [
                find(Samples.zoe),
                .exchange(
                    .removeUser(username: "zoë", provider: Samples.home),
                    reply: .userRemoved(UserRemoval(provider: Samples.home, username: "zoë", account: "alice"))),
            ],
            text: """
                Removed the user 'zoë' of homeassistant:home. The credentials that opened the account 'alice' \
                are gone with it.

                """,
            json: #"{\#(document), "account": "alice"}"#),
        CommandTests.Row(
            arguments: ["user", "list"],
            turns: [
                .exchange(
                    .users(provider: nil, after: .beginning),
                    reply: .users(
                        UserListing(users: [
                            Samples.zoe,
                            KeptUser(
                                provider: Samples.homeassistant, username: "max", changedAt: nil, account: nil,
                                createsCredentials: false, problem: "its provider is not configured"),
                        ])))
            ],
            text: """
                PROVIDER            USER  PASSWORD SET      OPENS ACCOUNT
                homeassistant:home  zoë   \(moment)  alice
                homeassistant       max   never             none
                'max' of homeassistant cannot log in: its provider is not configured

                """,
            json: """
                {"users": [{\(document), "changed_at": \(Samples.noon), "account": "alice", \
                "creates_credentials": false, "problem": null}, {"provider": "homeassistant", "provider_id": null, \
                "username": "max", "changed_at": null, "account": null, "creates_credentials": false, \
                "problem": "its provider is not configured"}]}
                """),
        CommandTests.Row(
            arguments: ["user", "list", "--provider", "homeassistant"],
            turns: [
                .exchange(
                    .users(provider: Samples.homeassistant, after: .beginning), reply: .users(UserListing(users: [])))
            ],
            text: "There is no user. Add one with: twostep user add NAME\n", json: #"{"users": []}"#),
        CommandTests.Row(
            arguments: ["user", "list"],
            turns: [
                .exchange(
                    .users(provider: nil, after: .beginning),
                    reply: .users(UserListing(users: [Samples.zoe], next: Samples.place))),
                // Nothing but what is no user.
                .exchange(
                    .users(provider: nil, after: Samples.place),
                    reply: .users(UserListing(users: [], next: Samples.laterPlace))),
                .exchange(
                    .users(provider: nil, after: Samples.laterPlace),
                    reply: .users(
                        UserListing(users: [
                            KeptUser(
                                provider: Samples.legacy, username: "max", changedAt: nil, account: nil,
                                createsCredentials: true)
                        ]))),
            ],
            text: """
                PROVIDER             USER  PASSWORD SET      OPENS ACCOUNT
                homeassistant:home   zoë   \(moment)  alice
                legacy_api_password  max   never             at the first login

                """,
            json: """
                {"users": [{\(document), "changed_at": \(Samples.noon), "account": "alice", \
                "creates_credentials": false, "problem": null}, {"provider": "legacy_api_password", "provider_id": null, \
                "username": "max", "changed_at": null, "account": null, "creates_credentials": true, "problem": null}]}
                """),
    ]

    /// Noon of 2026-11-22 in UTC as the clock on the wall here has it.
    static let moment: String = {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.dateFormat = "yyyy-MM-dd HH:mm"
        return format.string(from: Date(timeIntervalSince1970: TimeInterval(Samples.noon)))
    }()

    @Test(arguments: rows) func `a command says what the daemon did`(row: CommandTests.Row) throws {
        try row.checkText()
    }

    @Test(arguments: rows) func `and with --json in one document`(row: CommandTests.Row) throws {
        try row.checkDocument()
    }

    @Test func `a person types the password twice, unseen`() throws {
        let console = ScriptedConsole([.text("pässword 🔑"), .text("pässword 🔑")], isTerminal: true)
        let run = try Performance(
            ["user", "add", "zoë"],
            against: [UserCommandTests.find(Samples.nobody), UserCommandTests.set(.add)], console: console)
        #expect(run.status == .done)
        #expect(run.errors == "New password of zoë: The same again: ")
        #expect(console.hidden == [true, true])
    }

    @Test func `two that differ may be typed again, and the third time nothing was changed`() throws {
        let lines = ["a", "b", "a", "ab", "", "x"].map { ScriptedConsole.Line.text($0) }
        let run = try Performance(
            ["user", "passwd", "zoë"], against: [UserCommandTests.find(Samples.zoe)],
            console: ScriptedConsole(lines, isTerminal: true))
        #expect(run.status == .refused)
        #expect(run.errors.hasSuffix("twostep: The two differ. Nothing was changed.\n"))
    }

    @Test(arguments: [ScriptedConsole.Line.end, .interrupt])
    func `whoever leaves is told that nothing was changed`(line: ScriptedConsole.Line) throws {
        let run = try Performance(
            ["user", "passwd", "zoë"], against: [UserCommandTests.find(Samples.zoe)],
            console: ScriptedConsole([line], isTerminal: true))
        #expect(run.status == .refused)
        #expect(run.errors.hasSuffix("Nothing was changed.\n"))
    }

    @Test func `a script that passes no password is told how to`() throws {
        let run = try Performance(["user", "passwd", "zoë"], against: [UserCommandTests.find(Samples.zoe)])
        #expect(run.status == .usage)
        #expect(run.errors.contains("--password-stdin"))
    }

    @Test func `what can be no password is refused with the daemon's words`() throws {
        let run = try Performance(
            ["user", "add", "zoë", "--password-stdin"],
            against: [
                UserCommandTests.find(Samples.nobody),
                .exchange(
                    .setPassword(username: "zoë", provider: Samples.home, intent: .add), [""],
                    reply: .refused(AdminRefusal(.unacceptable, "An empty password is none."))),
            ], console: ScriptedConsole([.text("")]))
        #expect(run.status == .refused)
        #expect(run.errors == "twostep: An empty password is none.\n")
    }

    @Test func `removing asks a person, and says what goes with the user`() throws {
        let no = try Performance(
            ["user", "remove", "zoë"], against: [UserCommandTests.find(Samples.zoe)],
            console: ScriptedConsole([.text("n")], isTerminal: true))
        #expect(no.status == .refused)
        #expect(no.errors.contains("and the credentials that open the account 'alice', for good? [y/N] "))
        #expect(no.errors.hasSuffix("twostep: Nothing was removed.\n"))
        let script = try Performance(["user", "remove", "zoë"], against: [UserCommandTests.find(Samples.zoe)])
        #expect(script.status == .usage)
        #expect(script.errors.contains("twostep user remove zoë --yes"))
    }

    @Test func `the shared password is the provider's`() throws {
        let user = KeptUser(
            provider: Samples.legacy, username: "homeassistant", changedAt: nil, account: nil,
            createsCredentials: false)
        let set = ScriptedDaemon.Turn.exchange(
            .setPassword(username: "homeassistant", provider: Samples.legacy, intent: .share), ["secret"],
            reply: .passwordSet(PasswordChange(user: user, replaced: false)))
        let console = ScriptedConsole([.text("secret"), .text("secret")], isTerminal: true)
        let run = try Performance(
            ["legacy", "passwd"], against: [UserCommandTests.find(user, named: nil), set], console: console)
        #expect(run.status == .done)
        #expect(run.errors.hasPrefix("New password of legacy_api_password: "))
        #expect(
            run.output == """
                Set the password of legacy_api_password.
                homeassistant cannot log in to an account yet. \
                Type: twostep credentials link legacy_api_password homeassistant homeassistant

                """)
    }

    @Test func `the provider that was named is the one that is asked about`() throws {
        let run = try Performance(
            ["user", "passwd", "zoë", "--provider", "homeassistant:home"],
            against: [
                .exchange(
                    .user(username: "zoë", provider: Samples.home),
                    reply: .refused(AdminRefusal(.unknownProvider, "No such provider.")))
            ])
        #expect(run.status == .refused)
    }

    @Test func `what is to be typed is quoted where a shell needs it`() throws {
        let user = KeptUser(
            provider: Samples.home, username: "max o'neill", changedAt: Samples.noon, account: nil,
            createsCredentials: false)
        let run = try Performance(
            ["user", "add", "max o'neill", "--password-stdin"],
            against: [.exchange(.user(username: "max o'neill", provider: nil), reply: .user(user))])
        #expect(run.errors.contains(#"twostep user passwd 'max o'\''neill'"#))
    }
}

extension CommandTests.Row {
    /// Runs the command and compares what people see.
    func checkText() throws {
        let run = try Performance(arguments, against: turns, console: ScriptedConsole(lines))
        #expect(run.status == status)
        #expect(run.output == text)
        #expect(run.errors.isEmpty == !text.isEmpty)
    }

    /// Runs the command and compares what programs see.
    func checkDocument() throws {
        let run = try Performance(arguments + ["--json"], against: turns, console: ScriptedConsole(lines))
        #expect(run.status == status)
        #expect(run.output == json + "\n")
        #expect(try run.document().count > 0)
        #expect(run.errors == "")
    }
}
