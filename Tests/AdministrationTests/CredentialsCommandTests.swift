import AdminProtocol
import Administration
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
                    .credentials, reply: .credentials(CredentialsListing(credentials: [Samples.credentials])))
            ],
            text: """
                PROVIDER            USERNAME  ACCOUNT  SINCE
                homeassistant:home  zoë       alice    2026-11-22

                """, json: #"{"credentials": [{\#(home), "created_at": \#(Samples.noon)}]}"#),
        CommandTests.Row(
            arguments: ["credentials", "list"],
            turns: [.exchange(.credentials, reply: .credentials(CredentialsListing(credentials: [])))],
            text: "There are no credentials.\n", json: #"{"credentials": []}"#),
    ]

    @Test(arguments: rows) func `a command says what the daemon did`(row: CommandTests.Row) throws {
        try row.checkText()
    }

    @Test(arguments: rows) func `and with --json in one document`(row: CommandTests.Row) throws {
        try row.checkDocument()
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
