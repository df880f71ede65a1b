import AdminProtocol
import Administration
import Authentication
import Foundation
import Testing

/// alice, who is not root, and her own devices.
@Suite struct OwnDevicesTests {
    static let question = ProofQuestion(text: "Verification code: ", isHidden: false)
    static let asked = ScriptedDaemon.Turn.own(.prove, reply: .question(question))
    static let proved = ScriptedDaemon.Turn.own(
        .answer, ["123456"], reply: .proved(OwnProof(account: "alice", module: Samples.totp, notice: "")))

    static func begun(_ module: ModuleReference?, _ device: String? = nil) -> ScriptedDaemon.Turn {
        .own(
            .beginEnrollment(module: module, device: device, parameters: [:]), reply: .enrollmentBegun(Samples.begun),
            secrets: [Samples.uri, Samples.groupedKey])
    }

    static let done = ScriptedDaemon.Turn.own(.finishEnrollment, ["654321"], reply: .enrollmentDone(Samples.done))

    @Test(
        arguments: [
            (["enroll"], nil, nil), (["enroll", "totp"], Samples.totp, nil),
            (["enroll", "alice", "totp"], Samples.totp, nil),
            (["enroll", "alice"], nil, nil), (["enroll", "--name", "tablet"], nil, "tablet"),
        ] as [([String], ModuleReference?, String?)])
    func `a further device is set up after a proof`(
        _ arguments: [String], _ module: ModuleReference?, _ device: String?
    ) throws {
        let run = try Performance(
            arguments, against: [Self.asked, Self.proved, Self.begun(module, device), Self.done],
            console: ScriptedConsole([.text("123456"), .text("654321")]), isRoot: false)
        #expect(run.status == .done)
        #expect(run.output == EnrollTests.shown + "Stored the device 'phone' (totp) of alice.\n")
        #expect(run.errors == "")
    }

    @Test func `what the daemon asks is put as it stands, and its notice is told`() throws {
        let again = ProofQuestion(text: "That was not right.\nRecovery code: ", isHidden: true)
        let console = ScriptedConsole([.text("1"), .text("123456")], isTerminal: true)
        let run = try Performance(
            ["verify"],
            against: [
                Self.asked, .own(.answer, ["1"], reply: .question(again)),
                .own(
                    .answer, ["123456"],
                    reply: .proved(
                        OwnProof(
                            account: "alice", module: ModuleReference(type: "recovery_code"),
                            notice: "1 recovery code is left."))),
            ], console: console, isRoot: false)
        #expect(run.status == .done)
        #expect(run.errors.hasPrefix("Verification code: That was not right.\nRecovery code: "))
        #expect(run.errors.hasSuffix("1 recovery code is left.\n"))
        #expect(console.hidden == [false, true])
        #expect(run.output == "Right: it was accepted (recovery_code), and is used up now.\n")
    }

    @Test func `an answer that is refused ends it, and nothing was stored`() throws {
        let refusal = AdminRefusal(.wrongCode, "That code is wrong.")
        let run = try Performance(
            ["enroll"], against: [Self.asked, .own(.answer, ["1"], reply: .refused(refusal))],
            console: ScriptedConsole([.text("1")]), isRoot: false)
        #expect(run.status == .refused && run.output == "")
        #expect(run.errors == "twostep: That code is wrong.\n")
    }

    @Test(arguments: [ScriptedConsole.Line.end, .interrupt])
    func `whoever leaves the proof is told that nothing was done`(_ line: ScriptedConsole.Line) throws {
        let console = ScriptedConsole([line], isTerminal: true)
        let run = try Performance(["enroll"], against: [Self.asked], console: console, isRoot: false)
        #expect(console.holdsInterrupts)
        #expect(run.status == .refused && run.errors.contains("Nothing was stored."))
    }

    @Test func `what is one's own is listed and removed`() throws {
        let none = Listing(devices: [], counters: [])
        for arguments in [["list"], ["list", "alice"]] {
            let run = try Performance(arguments, against: [.own(.list, reply: .listing(none))], isRoot: false)
            #expect(run.output == "You have no device.\n")
        }
        let removal = Removal(account: "alice", module: Samples.totp, device: "phone", remaining: 1)
        for arguments in [["remove", "phone", "--yes"], ["remove", "alice", "phone", "--yes"]] {
            let run = try Performance(
                arguments,
                against: [
                    .own(.checkRemoval(device: "phone", module: nil), reply: .removed(removal)), Self.asked,
                    Self.proved,
                    .own(.remove(device: "phone", module: nil), reply: .removed(removal)),
                ],
                console: ScriptedConsole([.text("123456")]), isRoot: false)
            #expect(run.output == "Removed the device 'phone' (totp) of alice, who has 1 device left.\n")
        }
    }

    @Test func `the last device of one's own is refused before a code is spent on it`() throws {
        let refusal = AdminRefusal(.lastDevice, "'phone' is the last device of alice.", hint: "Enrol another first.")
        let run = try Performance(
            ["remove", "phone"], against: [.own(.checkRemoval(device: "phone", module: nil), reply: .refused(refusal))],
            console: ScriptedConsole(isTerminal: true), isRoot: false)
        #expect(run.status == .refused)
        #expect(run.errors == "twostep: 'phone' is the last device of alice.\nEnrol another first.\n")
    }

    @Test func `who names somebody else asks where root does`() throws {
        let request = AdminRequest.list(account: "bob")
        let refusal = AdminRefusal(.notPermitted, "Only root may administer Twostep.")
        let run = try Performance(
            ["list", "bob"], against: [.exchange(request, reply: .refused(refusal))], isRoot: false)
        #expect(run.status == .refused)
    }

    @Test(arguments: [
        ["enroll", "--no-confirm"], ["enroll", "--no-recovery-codes"], ["enroll", "--secret", "-"],
        ["remove", "phone", "--force", "--yes"],
    ]) func `what is root's alone is refused before anybody is asked`(_ arguments: [String]) {
        let run = Performance(arguments, accounts: ScriptedAccounts(isPrivileged: false, users: ["alice": 1000]))
        #expect(run.status == .refused && run.errors.contains("root alone"))
    }

    @Test(arguments: [["enroll"], ["enroll", "alice"], ["remove", "alice"], ["verify"]])
    func `root says whose device it is`(_ arguments: [String]) {
        let run = Performance(arguments)
        #expect(run.status == .usage && run.errors.contains("Type: twostep \(arguments[0])"))
    }

    @Test(arguments: [
        SelfServiceRequest.list, .prove, .answer, .finishEnrollment, .remove(device: "phone", module: Samples.totp),
        .checkRemoval(device: "phone", module: Samples.totp),
        .beginEnrollment(module: Samples.totp, device: "phone", parameters: ["digits": "8"]),
        .beginEnrollment(module: nil, device: nil, parameters: [:]),
    ]) func `a request is read as it was written, and has no name in it`(_ request: SelfServiceRequest) throws {
        let frame = try request.frame(secrets: SecretFields()).withBytes { bytes in bytes.indices.map { bytes[$0] } }
        let json = Array(frame.dropFirst(AdminFrame.headerSize))
        #expect(try SelfServiceRequest(json: json.span) == request)
        #expect(!String(decoding: json, as: UTF8.self).contains("account"))
    }
}
