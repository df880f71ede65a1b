import AdminProtocol
import Administration
import Foundation
import Testing

@Suite struct EnrollTests {
    static let begin = AdminRequest.beginEnrollment(
        account: "alice", module: Samples.totp, device: nil, parameters: [:])
    static let begun = ScriptedDaemon.Turn.exchange(
        begin, reply: .enrollmentBegun(Samples.begun), secrets: [Samples.uri, Samples.groupedKey])
    static let wrong = ScriptedDaemon.Turn.exchange(
        .finishEnrollment, ["000000"], reply: .refused(AdminRefusal(.wrongCode, "That code is wrong.")))
    static let right = ScriptedDaemon.Turn.exchange(
        .finishEnrollment, ["123456"], reply: .enrollmentDone(Samples.done))

    static let shown = """
        New device 'phone' (totp) of alice: SHA1, 6 digits, 30 s
        URI:    \(Samples.uri)
        Secret: JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP

        """

    @Test func `a device is stored after its first right code`() throws {
        let run = try Performance(
            ["enroll", "alice", "totp"], against: [EnrollTests.begun, EnrollTests.right],
            console: ScriptedConsole([.text("123456")]))
        #expect(run.status == .done)
        #expect(run.output == EnrollTests.shown + "Stored the device 'phone' (totp) of alice.\n")
        #expect(run.errors == "")
    }

    @Test func `a wrong code may be tried again with the same secret`() throws {
        let run = try Performance(
            ["enroll", "alice", "totp"],
            against: [EnrollTests.begun, EnrollTests.wrong, EnrollTests.wrong, EnrollTests.right],
            console: ScriptedConsole([.text("000000"), .text("000000"), .text("123456")]))
        #expect(run.status == .done)
        #expect(
            run.errors == """
                That code is wrong. Wait for the next one; 2 more tries.
                That code is wrong. Wait for the next one; one more try.

                """)
    }

    @Test func `the third wrong code ends it, and nothing was stored`() throws {
        let run = try Performance(
            ["enroll", "alice", "totp"],
            against: [EnrollTests.begun, EnrollTests.wrong, EnrollTests.wrong, EnrollTests.wrong],
            console: ScriptedConsole([.text("000000"), .text("000000"), .text("000000")]))
        #expect(run.status == .refused)
        #expect(run.errors.contains("Nothing was stored."))
    }

    @Test(arguments: [ScriptedConsole.Line.end, .interrupt])
    func `whoever leaves is told that nothing was stored`(line: ScriptedConsole.Line) throws {
        let console = ScriptedConsole([line], isTerminal: true)
        let run = try Performance(["enroll", "alice", "totp"], against: [EnrollTests.begun], console: console)
        #expect(console.holdsInterrupts)
        #expect(run.status == .refused)
        #expect(run.errors.hasPrefix("The first code of phone: "))
        #expect(run.errors.hasSuffix("Nothing was stored.\n"))
    }

    @Test func `every other refusal ends it at once`() throws {
        let run = try Performance(
            ["enroll", "alice", "totp"],
            against: [
                EnrollTests.begun,
                .exchange(
                    .finishEnrollment, ["123456"],
                    reply: .refused(AdminRefusal(.storeUnavailable, "The disk is full."))),
            ], console: ScriptedConsole([.text("123456")]))
        #expect(run.status == .refused)
        #expect(run.errors == "twostep: The disk is full.\n")
    }

    @Test func `parameters travel as they were typed`() throws {
        let begin = AdminRequest.beginEnrollment(
            account: "alice", module: ModuleReference(type: "totp", id: "work"), device: "key",
            parameters: ["algorithm": "SHA256", "digits": "8", "period": "60"])
        let run = try Performance(
            [
                "enroll", "alice", "totp:work", "--name", "key", "--algorithm", "SHA256", "--digits", "8", "--period",
                "60",
            ],
            against: [
                .exchange(begin, reply: .refused(AdminRefusal(.badParameter, "The period is 60, expected 30.")))
            ])
        #expect(run.status == .refused)
        #expect(run.errors == "twostep: The period is 60, expected 30.\n")
    }

    @Test func `without confirmation the secret is shown before the device is stored`() throws {
        let replacing = EnrollmentBegun(
            account: "alice", module: Samples.totp, device: "phone", description: "SHA1, 6 digits, 30 s",
            replaces: true)
        let done = EnrollmentDone(account: "alice", module: Samples.totp, device: "phone", replaced: true)
        let begun = ScriptedDaemon.Turn.exchange(
            EnrollTests.begin, reply: .enrollmentBegun(replacing), secrets: [Samples.uri, Samples.key])
        let run = try Performance(
            ["enroll", "alice", "totp", "--no-confirm"],
            against: [begun, .exchange(.storeWithoutConfirmation, reply: .enrollmentDone(done))])
        #expect(run.status == .done)
        #expect(run.output.contains("It will replace the device 'phone' that alice has.\n"))
        #expect(run.output.hasSuffix("Replaced the device 'phone' (totp) of alice.\n"))

        // Whoever cannot be shown the secret must not be left with a device that nobody has.
        let mute = try Performance(
            ["enroll", "alice", "totp", "--no-confirm"], against: [begun],
            console: ScriptedConsole(outputFailure: 32))
        #expect(mute.status == .refused)
    }

    @Test func `for scripts the document has the secrets`() throws {
        let run = try Performance(
            ["enroll", "alice", "totp", "--no-confirm", "--json"],
            against: [EnrollTests.begun, .exchange(.storeWithoutConfirmation, reply: .enrollmentDone(Samples.done))])
        #expect(run.status == .done)
        #expect(
            run.output == """
                {"account": "alice", "module": "totp", "module_id": null, "device": "phone", \
                "description": "SHA1, 6 digits, 30 s", "replaced": false, "confirmed": false, \
                "uri": "\(Samples.uri)", "secret": "\(Samples.key)"}

                """)
        #expect(try run.document()["uri"] as? String == Samples.uri)
        #expect(run.errors == "")
    }

    @Test func `a document that cannot be written leaves nobody in doubt what was stored`() throws {
        let run = try Performance(
            ["enroll", "alice", "totp", "--no-confirm", "--json"],
            against: [EnrollTests.begun, .exchange(.storeWithoutConfirmation, reply: .enrollmentDone(Samples.done))],
            console: ScriptedConsole(outputFailure: 28))
        #expect(run.status == .refused)
        #expect(
            run.errors == """
                twostep: The output cannot be written: No space left on device.
                Done all the same: Stored the device 'phone' (totp) of alice. Nobody has seen its secret: \
                enroll it anew.

                """)
    }

    @Test func `a document with a confirmation is still one, and the secrets are shown beside it`() throws {
        let run = try Performance(
            ["enroll", "alice", "totp", "--json"], against: [EnrollTests.begun, EnrollTests.right],
            console: ScriptedConsole([.text("123456")]))
        #expect(run.status == .done)
        #expect(try run.document()["confirmed"] as? Bool == true)
        #expect(!run.output.contains(Samples.key))
        #expect(run.errors == EnrollTests.shown)
    }

    @Test(
        arguments: [
            (terminal: true, option: [], isShown: true), (terminal: false, option: [], isShown: false),
            (terminal: false, option: ["--qr", "utf8"], isShown: true),
            (terminal: true, option: ["--qr", "none"], isShown: false),
        ] as [(terminal: Bool, option: [String], isShown: Bool)])
    func `the QR code is for terminals, or for whoever asks`(
        row: (terminal: Bool, option: [String], isShown: Bool)
    ) throws {
        let run = try Performance(
            ["enroll", "alice", "totp"] + row.option, against: [EnrollTests.begun, EnrollTests.right],
            console: ScriptedConsole([.text("123456")], isTerminal: row.terminal))
        #expect(run.output.contains("█") == row.isShown)
    }

    @Test(arguments: [(columns: 40, isShown: false), (columns: 80, isShown: true)])
    func `a QR code that the terminal would break is not shown, and why is said`(
        row: (columns: Int, isShown: Bool)
    ) throws {
        let console = ScriptedConsole([.text("123456")], isTerminal: true)
        console.columns = row.columns
        let run = try Performance(
            ["enroll", "alice", "totp"], against: [EnrollTests.begun, EnrollTests.right], console: console)
        #expect(run.output.contains("█") == row.isShown)
        #expect(run.output.contains("this terminal has 40: make it wider, ") == !row.isShown)
        #expect(run.status == .done)
    }

    @Test(arguments: [
        (style: "ansi", columns: 80, isTooWide: true), (style: "ansi", columns: 160, isTooWide: false),
        (style: "utf8", columns: 40, isTooWide: true), (style: "utf8", columns: 80, isTooWide: false),
    ])
    func `a QR code that was asked for comes with a note where the terminal breaks it`(
        row: (style: String, columns: Int, isTooWide: Bool)
    ) throws {
        let console = ScriptedConsole([.text("123456")], isTerminal: true)
        console.columns = row.columns
        let run = try Performance(
            ["enroll", "alice", "totp", "--qr", row.style], against: [EnrollTests.begun, EnrollTests.right],
            console: console)
        #expect(run.output.contains(row.style == "ansi" ? "\u{1B}[48;5;16m" : "█"))
        #expect(run.output.contains("and this terminal has \(row.columns): make it wider, ") == row.isTooWide)
        // What is said to be needed is what is drawn: two columns for each module of a line.
        guard row.style == "ansi", row.isTooWide else { return }
        let line = try #require(run.output.split(separator: "\n").first { $0.contains("\u{1B}[48;5;16m") })
        let drawn = line.replacing(/\u{1B}\[[0-9;]*m/, with: "").count
        #expect(run.output.contains("(The QR code needs \(drawn) columns,"))
    }

    @Test(arguments: [[Samples.uri], []] as [[String]])
    func `a daemon that forgets a secret is not understood`(secrets: [String]) throws {
        let run = try Performance(
            ["enroll", "alice", "totp"],
            against: [
                .exchange(EnrollTests.begin, reply: .enrollmentBegun(Samples.begun), secrets: secrets)
            ])
        #expect(run.status == .unreachable)
        #expect(run.errors.contains("not understood"))
    }
}
