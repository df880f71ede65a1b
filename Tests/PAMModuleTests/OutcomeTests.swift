import CPAM
import Foundation
import PAMModule
import Testing
import UnixSocket
import Wire

/// The table of outcomes: what the daemon says, and what libpam is told.
@Suite struct OutcomeTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let stage: Stage
        let code: VerdictCode
        let line: [String]
        let status: CInt
        var testDescription: String { "\(code) at \(stage) \(line) is \(name(status))" }

        init(_ stage: Stage, _ code: VerdictCode, _ status: CInt, _ line: String...) {
            (self.stage, self.code, self.line, self.status) = (stage, code, line, status)
        }
    }

    static let rows: [Row] =
        [
            Row(.authenticate, .granted, PAM_SUCCESS),
            Row(.authenticate, .granted, PAM_SUCCESS, "exempt=success"),
            Row(.authenticate, .exempt, PAM_IGNORE),
            Row(.authenticate, .exempt, PAM_SUCCESS, "exempt=success"),
            Row(.authenticate, .denied, PAM_AUTH_ERR),
            Row(.authenticate, .denied, PAM_AUTH_ERR, "exempt=success"),
            Row(.authenticate, .triesUsedUp, PAM_MAXTRIES),
            Row(.authenticate, .unavailable, PAM_AUTHINFO_UNAVAIL),
            Row(.authenticate, .unavailable, PAM_AUTHINFO_UNAVAIL, "exempt=success"),
            Row(.authenticate, .conversationFailed, PAM_CONV_ERR),
            Row(.authenticate, .badArgument, PAM_SERVICE_ERR),
            Row(.authenticate, .noOpinion, PAM_AUTHINFO_UNAVAIL),
            Row(.authenticate, .blocked, PAM_AUTHINFO_UNAVAIL),

            Row(.account, .noOpinion, PAM_IGNORE),
            Row(.account, .blocked, PAM_PERM_DENIED),
            Row(.account, .unavailable, PAM_AUTHINFO_UNAVAIL),
            Row(.account, .granted, PAM_AUTHINFO_UNAVAIL),
            Row(.account, .exempt, PAM_AUTHINFO_UNAVAIL, "exempt=success"),
            Row(.account, .denied, PAM_AUTH_ERR),
            Row(.account, .triesUsedUp, PAM_MAXTRIES),
            Row(.account, .conversationFailed, PAM_CONV_ERR),
            Row(.account, .badArgument, PAM_SERVICE_ERR),
        ]
        + [Stage.changeCheck, .changeUpdate].flatMap { stage in
            [
                Row(stage, .granted, PAM_SUCCESS),
                Row(stage, .exempt, PAM_AUTHINFO_UNAVAIL, "exempt=success"),
                Row(stage, .denied, PAM_AUTHTOK_ERR),
                Row(stage, .triesUsedUp, PAM_AUTHTOK_ERR),
                Row(stage, .unavailable, PAM_AUTHINFO_UNAVAIL),
                Row(stage, .conversationFailed, PAM_CONV_ERR),
                Row(stage, .badArgument, PAM_SERVICE_ERR),
                Row(stage, .noOpinion, PAM_AUTHINFO_UNAVAIL),
                Row(stage, .blocked, PAM_AUTHINFO_UNAVAIL),
            ]
        }

    @Test(arguments: rows) func `tells libpam what the daemon decided`(row: Row) throws {
        let transaction = ScriptedTransaction()
        let (status, frames) = try serve(row.stage, line: row.line, for: transaction) { daemon in
            try daemon.receive()
            daemon.verdict(row.code)
        }
        #expect(name(status) == name(row.status))
        #expect(frames.count == 1)
        #expect(transaction.shown.isEmpty)
        #expect(transaction.journal.isEmpty)
    }

    @Test func `every code at every stage has its row`() {
        let covered = Set(Self.rows.map { "\($0.stage) \($0.code)" })
        #expect(covered.count == 4 * 9)
    }

    @Test(arguments: [VerdictCode.denied, .triesUsedUp, .unavailable, .blocked])
    func `shows why somebody is refused, even under PAM_SILENT`(code: VerdictCode) throws {
        let transaction = ScriptedTransaction()
        _ = try serve(flags: CInt(PAM_SILENT), for: transaction) { daemon in
            try daemon.receive()
            daemon.verdict(code, "Try again in 30 seconds.")
        }
        #expect(transaction.shown == [.init(.error, "Try again in 30 seconds.")])
    }

    @Test func `shows what a grant has to say, unless under PAM_SILENT`() throws {
        for (flags, shown) in [(0, [ScriptedTransaction.Message(.info, "2 codes left.")]), (CInt(PAM_SILENT), [])] {
            let transaction = ScriptedTransaction()
            let (status, _) = try serve(flags: flags, for: transaction) { daemon in
                try daemon.receive()
                daemon.verdict(.granted, "2 codes left.")
            }
            #expect(name(status) == "PAM_SUCCESS")
            #expect(transaction.shown == shown)
        }
    }

    @Test func `a grant whose text cannot be shown is a grant all the same`() throws {
        let transaction = ScriptedTransaction()
        transaction.showsMessages = false
        let (status, _) = try serve(for: transaction) { daemon in
            try daemon.receive()
            daemon.verdict(.granted, "2 codes left.")
        }
        #expect(name(status) == "PAM_SUCCESS")
    }

    @Test(arguments: [VerdictCode.granted, .exempt])
    func `refuses when PAM_USER was changed in the middle of the conversation`(code: VerdictCode) throws {
        for other in ["root", "alic", "alicee", "Alice", ""] {
            let transaction = ScriptedTransaction(.after({ $0.items[.user] = Array(other.utf8) }, "123456"))
            let (status, _) = try serve(line: ["exempt=success"], for: transaction) { daemon in
                try daemon.receive()
                try daemon.ask(.secret, "Code: ")
                daemon.verdict(code)
            }
            #expect(name(status) == "PAM_AUTH_ERR")
            #expect(transaction.journal.count == 1)
        }
    }

    @Test func `has no opinion only about the user it asked for`() throws {
        let transaction = ScriptedTransaction(.after({ $0.items[.user] = Array("root".utf8) }, "x"))
        let (status, _) = try serve(.account, for: transaction) { daemon in
            try daemon.receive()
            try daemon.ask(.visible, "? ")
            daemon.verdict(.noOpinion)
        }
        #expect(name(status) == "PAM_AUTH_ERR")
    }

    // MARK: The daemon is not there, or not itself

    @Test func `says so in one sentence and one line when the daemon is absent`() throws {
        let path = try PrivateFolder.make() + "/login.sock"
        for stage in [Stage.authenticate, .account, .changeCheck, .changeUpdate] {
            for flags in [0, CInt(PAM_SILENT)] {
                let transaction = ScriptedTransaction()
                let status = serve(stage, flags: flags, line: ["socket=\(path)", "exempt=success"], for: transaction)
                #expect(name(status) == "PAM_AUTHINFO_UNAVAIL")
                #expect(transaction.shown.count == 1)
                #expect(transaction.shown.first?.style == .error)
                #expect(transaction.journal.count == 1)
                #expect(transaction.journal.first?.contains(path) == true)
                #expect(transaction.journal.first?.contains("No such file or directory") == true)
            }
        }
    }

    @Test func `names the fixed socket when the line names none`() {
        let transaction = ScriptedTransaction()
        #expect(name(serve(line: [], for: transaction)) == "PAM_AUTHINFO_UNAVAIL")
        #expect(transaction.journal.first?.contains("/run/twostep/login.sock") == true)
    }

    @Test func `sends nothing to a listener that it does not trust`() throws {
        let folder = try PrivateFolder.make()
        let daemon = try FakeDaemon { $0.verdict(.granted) }
        let link = folder + "/link.sock"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: daemon.path)
        let transaction = ScriptedTransaction()
        #expect(name(serve(line: ["socket=\(link)"], for: transaction)) == "PAM_AUTHINFO_UNAVAIL")
        #expect(daemon.end().isEmpty)
        #expect(transaction.journal.first?.contains("no socket") == true)
    }

    @Test(arguments: [0, 1, 2, 3]) func `an end of file is never a success, wherever it comes`(point: Int) throws {
        let transaction = ScriptedTransaction(.types("123456"))
        let (status, _) = try serve(line: ["exempt=success"], for: transaction) { daemon in
            defer { daemon.close() }
            if point == 0 { return }
            try daemon.receive()
            if point == 1 { return }
            daemon.prompt(.secret, "Code: ")
            if point == 2 { return }
            try daemon.receive()
        }
        #expect(name(status) == "PAM_AUTHINFO_UNAVAIL")
        #expect(transaction.journal.count == 1)
        #expect(transaction.shown.last?.style == .error)
    }

    @Test func `a verdict that breaks off anywhere is none`() throws {
        for length in 1..<14 {
            let transaction = ScriptedTransaction()
            let (status, _) = try serve(line: ["exempt=success"], for: transaction) { daemon in
                try daemon.receive()
                var frame = FrameBuffer.empty()
                frame.setVerdict(.granted, text: Array("ok".utf8).span, version: 1)
                daemon.send(frame.withBytes { bytes in (0..<length).map { bytes[$0] } })
                daemon.close()
            }
            #expect(name(status) == "PAM_AUTHINFO_UNAVAIL")
        }
    }

    @Test func `gives up on a daemon that stays silent, and does not take its late reply`() throws {
        let transaction = ScriptedTransaction()
        let (status, frames) = try serve(limits: .short, for: transaction) { daemon in
            try daemon.receive()
            // Only when the module has gone is the verdict written.
            daemon.drain()
            daemon.verdict(.granted)
        }
        #expect(name(status) == "PAM_AUTHINFO_UNAVAIL")
        #expect(frames.count == 1)
        #expect(transaction.journal.first?.contains("in time") == true)
    }

    @Test func `waits as long as a prompt announced, up to a limit`() throws {
        let limits = TimeLimits(connect: 5_000, reply: 1_000, patience: 2_500)
        let transaction = ScriptedTransaction()
        let before = Deadline.after(milliseconds: 0)
        let (status, _) = try serve(limits: limits, for: transaction) { daemon in
            try daemon.receive()
            daemon.prompt(.info, "Confirm on your phone.", patience: 65_535)
            daemon.drain()
        }
        let waited = Deadline.after(milliseconds: 0).milliseconds - before.milliseconds
        #expect(name(status) == "PAM_AUTHINFO_UNAVAIL")
        // Longer than for an ordinary reply, and not the eighteen hours that were announced: those would not end.
        #expect(waited >= 2_500, "waited \(waited) ms")
    }

    @Test(arguments: [0, 2, 255] as [UInt8])
    func `names both versions when the daemon speaks another one`(version: UInt8) throws {
        let transaction = ScriptedTransaction()
        let (status, _) = try serve(for: transaction) { daemon in
            try daemon.receive()
            daemon.version = version
            daemon.verdict(.granted)
        }
        #expect(name(status) == "PAM_AUTHINFO_UNAVAIL")
        #expect(transaction.journal.first?.contains("version \(version) of the protocol, this module 1 to 1") == true)
    }

    @Test func `refuses a daemon that changes its version`() throws {
        let transaction = ScriptedTransaction(.types("123456"))
        let (status, _) = try serve(for: transaction) { daemon in
            try daemon.receive()
            try daemon.ask(.secret, "Code: ")
            daemon.version = 2
            daemon.verdict(.granted)
        }
        #expect(name(status) == "PAM_AUTHINFO_UNAVAIL")
    }

    @Test(arguments: [FrameKind.begin, .answer, .unusable, .cancel])
    func `refuses frames that are the module's own`(kind: FrameKind) throws {
        let transaction = ScriptedTransaction()
        let (status, _) = try serve(for: transaction) { daemon in
            try daemon.receive()
            daemon.send { $0.setBare(kind, version: 1) }
            daemon.verdict(.granted)
        }
        #expect(name(status) == "PAM_AUTHINFO_UNAVAIL")
    }
}
