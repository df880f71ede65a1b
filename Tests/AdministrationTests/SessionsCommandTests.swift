import AdminProtocol
import Administration
import Foundation
import Testing

@Suite struct SessionsCommandTests {
    static let document = """
        {"id": "3f9a0000000000000000000000000001", "account": "alice", "provider": "pam", "provider_id": null, \
        "modules": [{"module": "totp", "module_id": null}, {"module": "recovery_code", "module_id": null}], \
        "service": "sshd", "remote_host": "192.0.2.7", "peer_uid": 0, "seconds_left": 287, "tries_left": 3}
        """

    static let listing = ScriptedDaemon.Turn.exchange(
        .sessions(after: ""), reply: .sessions(SessionListing(sessions: [Samples.session])))

    static let text = """
        ID                                ACCOUNT  PROVIDER  MODULES             SERVICE  FROM       TIME LEFT   TRIES
        3f9a0000000000000000000000000001  alice    pam       totp|recovery_code  sshd     192.0.2.7  4 min 47 s  3

        """

    static let rows: [CommandTests.Row] = [
        CommandTests.Row(
            arguments: ["sessions"], turns: [listing], text: text, json: "{\"sessions\": [\(document)]}"),
        CommandTests.Row(
            arguments: ["sessions", "list"], turns: [listing], text: text, json: "{\"sessions\": [\(document)]}"),
        CommandTests.Row(
            arguments: ["sessions"],
            turns: [.exchange(.sessions(after: ""), reply: .sessions(SessionListing(sessions: [])))],
            text: "No login waits for an answer.\n", json: #"{"sessions": []}"#),
        CommandTests.Row(
            arguments: ["sessions", "end", "3F9A"],
            turns: [.exchange(.endSession(id: "3F9A"), reply: .sessionEnded(Samples.session))],
            text: "Ended the login of alice through sshd from 192.0.2.7.\n", json: document),
    ]

    @Test(arguments: rows) func `a command says what the daemon did`(row: CommandTests.Row) throws {
        try row.checkText()
    }

    @Test(arguments: rows) func `and with --json in one document`(row: CommandTests.Row) throws {
        try row.checkDocument()
    }
}
