import AdminProtocol
import Administration
import Foundation
import Testing

/// `twostep bypass` and `twostep ticket`.
@Suite struct IssueCommandTests {
    private static func turns(_ kind: String, _ parameters: [String: String]) -> [ScriptedDaemon.Turn] {
        let module = ModuleReference(type: kind)
        return [
            .exchange(
                .beginEnrollment(
                    account: "alice", module: module, device: nil, parameters: parameters, issuesNothing: true),
                reply: .enrollmentBegun(
                    EnrollmentBegun(
                        account: "alice", module: module, device: kind, description: "", replaces: false, form: [])),
                secrets: ["", "", "ABCD-EFGH-IJKL-MNOP"]),
            .exchange(
                .storeWithoutConfirmation,
                reply: .enrollmentDone(
                    EnrollmentDone(account: "alice", module: module, device: kind, replaced: false))),
        ]
    }

    /// What each needs, and for how long and why it then asks. It is 2023-11-14 22:13:20 UTC.
    static let good: [(arguments: [String], until: Int64, reason: String?)] = [
        (["bypass", "alice", "--for", "15m", "--reason", "phone at home"], 1_700_000_900, "phone at home"),
        (["bypass", "alice", "--for", "24h", "--reason", "x"], 1_700_086_400, "x"),
        (["ticket", "alice"], 1_700_086_400, nil),
        (["ticket", "alice", "--for", "30d", "--reason", "new here"], 1_702_592_000, "new here"),
        (["ticket", "alice", "--for", "90s"], 1_700_000_090, nil),
    ]

    @Test(arguments: good.indices) func `a code is issued, and shown once`(_ index: Int) throws {
        let row = IssueCommandTests.good[index]
        var parameters = ["until": String(row.until)]
        parameters["reason"] = row.reason
        let turns = IssueCommandTests.turns(row.arguments[0], parameters)
        let text = try Performance(row.arguments, against: turns)
        #expect(text.status == .done && text.errors == "")
        #expect(text.output.hasSuffix("\n  ABCD-EFGH-IJKL-MNOP\n"))
        let document = try Performance(row.arguments + ["--json"], against: turns).document()
        #expect(document["code"] as? String == "ABCD-EFGH-IJKL-MNOP")
        #expect((document["until"] as? NSNumber)?.int64Value == row.until)
        #expect(document["reason"] as? String == row.reason)
    }

    @Test(arguments: [
        ["bypass", "alice"], ["bypass", "alice", "--for", "15m"], ["bypass", "alice", "--reason", "x"],
        ["bypass", "alice", "--for", "25h", "--reason", "x"], ["bypass", "alice", "--for", "15", "--reason", "x"],
        ["bypass", "alice", "--for", "0m", "--reason", "x"], ["bypass", "alice", "--for", "-1m", "--reason", "x"],
        ["ticket", "alice", "--for", "31d"], ["ticket", "alice", "--for", "9999999d"], ["ticket"],
    ]) func `nothing is issued without an end, or for longer than it may be`(_ arguments: [String]) {
        #expect(Performance(arguments).status == .usage)
    }

    @Test(arguments: [
        (
            ["bypass", "alice", "--for", "3d", "--reason", "phone at home"],
            "Type: twostep bypass alice --for 24h --reason 'phone at home'\n"
        ),
        (["ticket", "alice", "--for", "31d"], "Type: twostep ticket alice --for 30d\n"),
    ]) func `who asks for too long is told what to type`(_ arguments: [String], _ hint: String) {
        let run = Performance(arguments)
        #expect(run.status == .usage)
        #expect(run.errors.contains("at most. None was issued.\n") && run.errors.hasSuffix(hint))
    }

    @Test(arguments: ["bypass", "ticket"]) func `a code is no device that anybody could enrol`(_ kind: String) {
        let refused = Performance(["enroll", "alice", kind])
        #expect(refused.status == .usage)
        #expect(refused.errors.contains("Use: twostep \(kind) alice"))
    }
}
