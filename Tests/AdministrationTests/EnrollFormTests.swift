import AdminProtocol
import Administration
import Foundation
import Testing

/// Enrolling with what is no authenticator app: forms, codes on paper, and what comes with a first device.
@Suite struct EnrollFormTests {
    static let pin = ScriptedDaemon.Turn.exchange(
        .beginEnrollment(account: "alice", module: ModuleReference(type: "pin"), device: nil, parameters: [:]),
        reply: .enrollmentBegun(Samples.pinBegun), secrets: ["", "", ""])
    static let pinDone = AdminReply.enrollmentDone(
        EnrollmentDone(
            account: "alice", module: ModuleReference(type: "pin"), device: "pin", replaced: false,
            description: "4 digits"))

    static func codes(replaces: Bool = false) -> ScriptedDaemon.Turn {
        let begun = EnrollmentBegun(
            account: "alice", module: Samples.recovery, device: "codes", description: "2 of 2 left",
            replaces: replaces, form: [])
        return .exchange(
            .beginEnrollment(account: "alice", module: Samples.recovery, device: nil, parameters: [:]),
            reply: .enrollmentBegun(begun), secrets: ["", "", Samples.codes])
    }

    static func stored(replaced: Bool = false) -> ScriptedDaemon.Turn {
        .exchange(
            .finishEnrollment,
            reply: .enrollmentDone(
                EnrollmentDone(account: "alice", module: Samples.recovery, device: "codes", replaced: replaced)))
    }

    static let list = """
          1  ABCD-EFGH
          2  JKLM-NPQR
        Each is good once. Keep them on paper, not on the phone: they are not shown again.

        """

    @Test func `each field of a form is asked for by its label, and hidden where it says so`() throws {
        let console = ScriptedConsole([.text("1234"), .text("1234")], isTerminal: true)
        let run = try Performance(
            ["enroll", "alice", "pin"],
            against: [
                EnrollFormTests.pin, .exchange(.finishEnrollment, ["1234", "1234"], reply: EnrollFormTests.pinDone),
            ],
            console: console)
        #expect(run.status == .done)
        #expect(run.errors == "New PIN: The same again: ")
        #expect(console.hidden == [true, true])
        #expect(run.output == "New device 'pin' (pin) of alice\nStored the device 'pin' (pin) of alice.\n")
    }

    @Test func `the first code of an app is typed visibly`() throws {
        let console = ScriptedConsole([.text("123456")], isTerminal: true)
        let begun = EnrollmentBegun(
            account: "alice", module: Samples.totp, device: "phone", description: "SHA1, 6 digits, 30 s",
            replaces: false, form: [FormField(label: "Verification code", isHidden: false)])
        let run = try Performance(
            ["enroll", "alice", "totp", "--qr", "none"],
            against: [
                .exchange(
                    EnrollTests.begin, reply: .enrollmentBegun(begun), secrets: [Samples.uri, Samples.groupedKey, ""]),
                EnrollTests.right,
            ], console: console)
        #expect(run.status == .done)
        #expect(run.errors == "The first code of phone: ")
        #expect(console.hidden == [false])
    }

    @Test func `what is not good enough is said, and may be tried again twice`() throws {
        let weak = ScriptedDaemon.Turn.exchange(
            .finishEnrollment, ["1", "1"], reply: .refused(AdminRefusal(.unacceptable, "A PIN has 4 digits or more.")))
        let lines = [ScriptedConsole.Line](repeating: .text("1"), count: 6)
        let run = try Performance(
            ["enroll", "alice", "pin"], against: [EnrollFormTests.pin, weak, weak, weak],
            console: ScriptedConsole(lines))
        #expect(run.status == .refused)
        #expect(
            run.errors == """
                A PIN has 4 digits or more. Again: 2 more tries.
                A PIN has 4 digits or more. Again: one more try.
                twostep: A PIN has 4 digits or more. Nothing was stored.

                """)
    }

    @Test(arguments: [ScriptedConsole.Line.end, .interrupt])
    func `whoever leaves in the middle of a form has stored nothing`(line: ScriptedConsole.Line) throws {
        let console = ScriptedConsole([.text("1234"), line], isTerminal: true)
        let run = try Performance(["enroll", "alice", "pin"], against: [EnrollFormTests.pin], console: console)
        #expect(console.holdsInterrupts)
        #expect(run.status == .refused)
        #expect(run.errors.hasSuffix("Nothing was stored.\n"))
    }

    @Test func `codes are shown with their numbers before they are stored, and nothing is asked`() throws {
        let run = try Performance(
            ["enroll", "alice", "recovery_code"], against: [EnrollFormTests.codes(), EnrollFormTests.stored()],
            console: ScriptedConsole(isTerminal: true))
        #expect(run.status == .done)
        #expect(
            run.output == "New device 'codes' (recovery_code) of alice: 2 of 2 left\n" + EnrollFormTests.list
                + "Stored the device 'codes' (recovery_code) of alice.\n")
        #expect(run.errors == "")
    }

    @Test func `codes that nobody could be shown are not stored`() throws {
        let run = try Performance(
            ["enroll", "alice", "recovery_code"], against: [EnrollFormTests.codes()],
            console: ScriptedConsole(outputFailure: 32))
        #expect(run.status == .refused)
    }

    @Test func `new codes void the old ones, which is asked before and said after`() throws {
        let console = ScriptedConsole([.text("y")], isTerminal: true)
        let run = try Performance(
            ["enroll", "alice", "recovery_code"],
            against: [EnrollFormTests.codes(replaces: true), EnrollFormTests.stored(replaced: true)], console: console)
        #expect(run.status == .done)
        #expect(run.errors == "alice has 'codes' (recovery_code) already. Make that void? [y/N] ")
        #expect(
            run.output.contains("It will replace the device 'codes' that alice has, and the old codes will be void."))
        #expect(
            run.output.hasSuffix(
                "Replaced the device 'codes' (recovery_code) of alice. The old codes are void.\n"))

        let no = try Performance(
            ["enroll", "alice", "recovery_code"], against: [EnrollFormTests.codes(replaces: true)],
            console: ScriptedConsole([.text("n")], isTerminal: true))
        #expect(no.status == .refused)
        #expect(no.output == "")
        #expect(no.errors.hasSuffix("twostep: Nothing was stored.\n"))
    }

    @Test(arguments: [true, false]) func `with --yes, and in scripts, new codes are made unasked`(isTerminal: Bool)
        throws
    {
        let run = try Performance(
            ["enroll", "alice", "recovery_code"] + (isTerminal ? ["--yes"] : []),
            against: [EnrollFormTests.codes(replaces: true), EnrollFormTests.stored(replaced: true)],
            console: ScriptedConsole(isTerminal: isTerminal))
        #expect(run.status == .done)
        #expect(run.errors == "")
    }

    @Test func `in a document codes are a list, and stand nowhere else`() throws {
        let run = try Performance(
            ["enroll", "alice", "recovery_code", "--json"],
            against: [EnrollFormTests.codes(), EnrollFormTests.stored()])
        #expect(
            run.output == """
                {"account": "alice", "module": "recovery_code", "module_id": null, "device": "codes", \
                "description": "2 of 2 left", "replaced": false, "confirmed": true, \
                "recovery_codes": ["ABCD-EFGH", "JKLM-NPQR"]}

                """)
        #expect(run.errors == "")
    }

    @Test func `codes that come with a first device are shown once it is stored`() throws {
        let run = try Performance(
            ["enroll", "alice", "totp"],
            against: [
                EnrollTests.begun,
                .exchange(
                    .finishEnrollment, ["123456"], reply: .enrollmentDone(Samples.doneWithCodes),
                    secrets: [Samples.codes]),
            ], console: ScriptedConsole([.text("123456")]))
        #expect(run.status == .done)
        #expect(
            run.output == EnrollTests.shown + """
                Stored the device 'phone' (totp) of alice.

                Recovery codes of alice, the device 'codes' (recovery_code):

                """ + EnrollFormTests.list)
    }

    @Test(arguments: [[], ["--no-confirm"]] as [[String]])
    func `in a document as well`(option: [String]) throws {
        let isUnconfirmed = option != []
        let done = AdminReply.enrollmentDone(Samples.doneWithCodes)
        let run = try Performance(
            ["enroll", "alice", "totp", "--json"] + option,
            against: [
                EnrollTests.begun,
                isUnconfirmed
                    ? .exchange(.storeWithoutConfirmation, reply: done, secrets: [Samples.codes])
                    : .exchange(.finishEnrollment, ["123456"], reply: done, secrets: [Samples.codes]),
            ], console: ScriptedConsole(isUnconfirmed ? [] : [.text("123456")]))
        #expect(try run.document()["recovery_codes"] as? [String] == ["ABCD-EFGH", "JKLM-NPQR"])
        #expect(run.output.contains(Samples.key) == isUnconfirmed)
        #expect(!run.errors.contains("ABCD"))
    }

    @Test func `where nobody could be shown them, it is said how to make others`() throws {
        let run = try Performance(
            ["enroll", "alice", "totp", "--json"],
            against: [
                EnrollTests.begun,
                .exchange(
                    .finishEnrollment, ["123456"], reply: .enrollmentDone(Samples.doneWithCodes),
                    secrets: [Samples.codes]),
            ], console: ScriptedConsole([.text("123456")], outputFailure: 28))
        #expect(run.status == .refused)
        #expect(
            run.errors.hasSuffix(
                "Nobody has seen the recovery codes: twostep enroll alice recovery_code\n"))
    }

    @Test func `a daemon that issues codes and forgets to send them is not understood`() throws {
        let run = try Performance(
            ["enroll", "alice", "totp"],
            against: [
                EnrollTests.begun,
                .exchange(.finishEnrollment, ["123456"], reply: .enrollmentDone(Samples.doneWithCodes)),
            ], console: ScriptedConsole([.text("123456")]))
        #expect(run.status == .unreachable)
    }

    @Test func `what was chosen travels, and only that`() throws {
        let begin = AdminRequest.beginEnrollment(
            account: "alice", module: Samples.recovery, device: "codes", parameters: ["count": "5", "counter": "7"],
            issuesNothing: true)
        let run = try Performance(
            [
                "enroll", "alice", "recovery_code", "--name", "codes", "--count", "5", "--counter", "7",
                "--no-recovery-codes",
            ], against: [.exchange(begin, reply: .refused(AdminRefusal(.badParameter, "'counter' is no parameter.")))])
        #expect(run.status == .refused)
        #expect(run.errors == "twostep: 'counter' is no parameter.\n")
    }
}
