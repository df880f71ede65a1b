import AdminProtocol
import Administration
import Authentication
import Foundation
import Testing

@Suite struct CredentialsCommandTests {
    static let home = #""provider": "homeassistant", "provider_id": "home", "username": "zoë", "account": "alice""#

    static func link(_ link: CredentialsLink) -> [ScriptedDaemon.Turn] {
        [.exchange(.link(username: " Zoë", provider: Samples.home, account: "alice"), reply: .linked(link))]
    }

    static let linking = ["credentials", "link", "homeassistant:home", " Zoë", "alice"]

    static let rows: [CommandTests.Row] = [
        CommandTests.Row(
            arguments: linking, turns: link(Samples.link()),
            text: "Linked: 'zoë' of homeassistant:home opens the account 'alice'.\n",
            json: #"{\#(home), "unchanged": false, "privileged": false, "lacks_user": false}"#),
        CommandTests.Row(
            arguments: linking, turns: link(Samples.link(isUnchanged: true, lacksUser: true)),
            text: """
                'zoë' of homeassistant:home opens the account 'alice' already.
                homeassistant:home has no user 'zoë' yet. Type: twostep user add zoë

                """,
            json: #"{\#(home), "unchanged": true, "privileged": false, "lacks_user": true}"#),
        CommandTests.Row(
            arguments: linking, turns: link(Samples.link(isPrivileged: true)),
            text: """
                Linked: 'zoë' of homeassistant:home opens the account 'alice'.
                Warning: alice is a privileged account (uid below 1000, or in sudo, wheel or adm). To take it back:
                  twostep credentials unlink homeassistant:home zoë

                """,
            json: #"{\#(home), "unchanged": false, "privileged": true, "lacks_user": false}"#),
        CommandTests.Row(
            arguments: linking, turns: link(Samples.link(isPrivileged: nil)),
            text: """
                Linked: 'zoë' of homeassistant:home opens the account 'alice'.
                Warning: whether alice is a privileged account cannot be told now.

                """,
            json: #"{\#(home), "unchanged": false, "privileged": null, "lacks_user": false}"#),
        CommandTests.Row(
            arguments: linking,
            turns: [
                .exchange(
                    .link(username: " Zoë", provider: Samples.home, account: "alice"),
                    reply: .refused(AdminRefusal(.linkedOtherwise, "It opens bob.", hint: "Unlink it.")))
            ], status: .refused, text: "",
            json: #"{"error": {"code": "linked_otherwise", "message": "It opens bob.", "hint": "Unlink it."}}"#),
        CommandTests.Row(
            arguments: ["credentials", "unlink", "homeassistant:home", "zoë", "--yes"],
            turns: [
                .exchange(
                    .unlink(username: "zoë", provider: Samples.home),
                    reply: .unlinked(CredentialsRemoval(provider: Samples.home, username: "zoë", account: "alice")))
            ], text: "Unlinked: 'zoë' of homeassistant:home opens the account 'alice' no more.\n",
            json: "{\(home)}"),
        CommandTests.Row(
            arguments: ["credentials", "list"],
            turns: [
                .exchange(
                    .credentials(after: .beginning),
                    reply: .credentials(CredentialsListing(credentials: [Samples.credentials], next: Samples.place))),
                .exchange(
                    .credentials(after: Samples.place), reply: .credentials(CredentialsListing(credentials: []))),
            ],
            text: """
                PROVIDER            USERNAME  ACCOUNT  SINCE
                homeassistant:home  zoë       alice    2026-11-22

                """, json: #"{"credentials": [{\#(home), "created_at": \#(Samples.noon)}]}"#),
        CommandTests.Row(
            arguments: ["credentials", "list"],
            turns: [
                .exchange(.credentials(after: .beginning), reply: .credentials(CredentialsListing(credentials: [])))
            ],
            text: "There are no credentials.\n", json: #"{"credentials": []}"#),
    ]

    @Test(arguments: rows) func `a command says what the daemon did`(row: CommandTests.Row) throws {
        try row.checkText()
    }

    @Test(arguments: rows) func `and with --json in one document`(row: CommandTests.Row) throws {
        try row.checkDocument()
    }

    @Test(arguments: [["credentials", "list"], ["user", "list"], ["sessions"], ["host", "list"], ["list"]])
    func `a page that does not come further ends the command`(arguments: [String]) throws {
        let turns: [ScriptedDaemon.Turn] =
            switch arguments[0] {
            case "credentials":
                [
                    .exchange(
                        .credentials(after: .beginning),
                        reply: .credentials(CredentialsListing(credentials: [], next: .beginning)))
                ]
            case "user":
                [
                    .exchange(
                        .users(provider: nil, after: .beginning),
                        reply: .users(UserListing(users: [], next: .beginning)))
                ]
            case "sessions":
                [.exchange(.sessions(after: ""), reply: .sessions(SessionListing(sessions: [], next: "")))]
            case "host": [.exchange(.hosts(after: ""), reply: .hosts(HostListing(hosts: [], next: "")))]
            default:
                [
                    .exchange(
                        .list(account: nil, after: ""), reply: .listing(Listing(devices: [], counters: [], next: "")))
                ]
            }
        let run = try Performance(arguments, against: turns)
        #expect(run.status == .unreachable)
        #expect(run.output == "")
        #expect(run.errors.contains("it answers something that was not asked"))
    }

    @Test(arguments: [["credentials", "list"], ["user", "list"], ["sessions"], ["host", "list"]])
    func `an older daemon that has too much for one answer is told as such`(arguments: [String]) throws {
        let refusal = AdminReply.refused(
            AdminRefusal(.internal, "The answer is too long to be sent.", hint: "Name a user."))
        let turns: [String: AdminRequest] = [
            "credentials": .credentials(after: .beginning), "user": .users(provider: nil, after: .beginning),
            "sessions": .sessions(after: ""), "host": .hosts(after: ""),
        ]
        let run = try Performance(
            arguments, against: [.exchange(try #require(turns[arguments[0]]), reply: refusal)])
        #expect(run.status == .refused)
        #expect(run.output == "")
        #expect(run.errors.hasPrefix("twostep: The answer is too long to be sent.\n"))
    }

    @Test func `unlinking asks before anything is sent`() {
        let arguments = ["credentials", "unlink", "homeassistant", "zoë"]
        let no = Performance(arguments, console: ScriptedConsole([.text("")], isTerminal: true))
        #expect(no.status == .refused)
        #expect(no.errors.hasSuffix("twostep: Nothing was changed.\n"))
        let script = Performance(arguments)
        #expect(script.status == .usage)
        #expect(script.errors.contains("twostep credentials unlink homeassistant zoë --yes"))
    }
}
