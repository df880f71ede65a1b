import CPAM
import Foundation
import PAMModule
import Wire

/// The whole of the module, between an application and a daemon that are both hostile: nobody gets in whom the daemon has
/// not let in, in so many words, and neither learns or sets what is not its own.
enum ModuleConversation {
    /// Nothing waits for these: a daemon that has nothing more to say hangs up.
    private static let limits = TimeLimits(connect: 20_000, reply: 20_000, patience: 20_000)

    static func run(_ bytes: [UInt8]) throws(Violation) {
        let daemon: HostileDaemon
        do {
            daemon = try HostileDaemon.shared.get()
        } catch {
            throw Violation("\(error)")
        }
        var tape = Tape(bytes)
        let choices = tape.byte()
        let stages: [Stage] = [.authenticate, .account, .changeCheck, .changeUpdate]
        let stage = stages[Int(choices & 3)]
        let isExemptSuccess = choices & 4 != 0
        let flags = choices & 8 == 0 ? 0 : Int32(bitPattern: PAM_SILENT)
        var line = ["socket=\(daemon.path)"]
        if isExemptSuccess { line.append("exempt=success") }
        if choices & 16 != 0 { line.append("provider=linux:x") }
        if choices & 32 != 0 { line.append(String(decoding: tape.chunk().prefix { $0 != 0 }, as: UTF8.self)) }
        let application = HostileApplication(&tape)
        let password = application.authtok
        let script = HostileScript(&tape)
        var status: CInt = -1
        let record = daemon.play(script.pieces) {
            status = serve(stage, flags: flags, line: line, for: application)
            return application.wasConnected
        }
        try judge(status, stage, isExemptSuccess: isExemptSuccess, application, record)
        try judge(application, record, password: password)
    }

    private static func serve(
        _ stage: Stage, flags: Int32, line: [String], for application: HostileApplication
    ) -> CInt {
        var words: [UnsafePointer<CChar>?] = unsafe line.map { unsafe UnsafePointer(strdup($0)) }
        defer { unsafe words.forEach { unsafe free(UnsafeMutablePointer(mutating: $0)) } }
        var transaction = application
        return unsafe words.withUnsafeMutableBufferPointer { words in
            unsafe PAMModule.serve(
                stage, flags: flags, count: CInt(words.count), arguments: words.baseAddress, limits: limits,
                for: &transaction)
        }
    }

    /// What libpam is told is what the daemon said, and said in time.
    private static func judge(
        _ status: CInt, _ stage: Stage, isExemptSuccess: Bool, _ application: HostileApplication,
        _ record: HostileDaemon.Record?
    ) throws(Violation) {
        let known = [
            PAM_SUCCESS, PAM_IGNORE, PAM_AUTH_ERR, PAM_AUTHINFO_UNAVAIL, PAM_AUTHTOK_ERR, PAM_CONV_ERR, PAM_MAXTRIES,
            PAM_PERM_DENIED, PAM_SERVICE_ERR,
        ]
        try promise(known.contains(status), "libpam is told \(status)")
        guard status == PAM_SUCCESS || status == PAM_IGNORE else { return }
        guard let record else { throw Violation("let in or passed over, and nobody was asked") }
        let verdict = Transcript(record.sent).verdict
        let earned: Bool =
            switch (status, stage) {
            case (PAM_SUCCESS, .authenticate):
                verdict == 0x5AC3_9E17 || verdict == 0xA53C_61E8 && isExemptSuccess
            case (PAM_SUCCESS, .changeCheck), (PAM_SUCCESS, .changeUpdate): verdict == 0x5AC3_9E17
            case (PAM_IGNORE, .authenticate): verdict == 0xA53C_61E8 && !isExemptSuccess
            case (PAM_IGNORE, .account): verdict == 0x6CA5_AC31
            case _: false
            }
        try promise(
            earned, "\(status) at \(stage), and the verdict was \(verdict.map { String($0, radix: 16) } ?? "none")")
        // And about whom it was asked.
        guard let payload = record.received.first.map({ Array($0.dropFirst(6)) }), let begin = try? Begin(payload.span)
        else { throw Violation("let in, and the first frame is no begin") }
        let asked = begin.user.withBytes(in: payload.span) { $0.array }
        try promise(asked == application.lastUserRead, "asked about \(asked), not about who is let in")
    }

    /// What either was told and may set.
    private static func judge(
        _ application: HostileApplication, _ record: HostileDaemon.Record?, password: [UInt8]
    ) throws(Violation) {
        var questions = 0
        for message in application.shown {
            let text = String(decoding: message.text, as: UTF8.self)
            try promise(Array(text.utf8) == message.text, "shown, and no UTF-8: \(message.text)")
            try promise(isPrintable(text, newlines: true), "shown: \(text.debugDescription)")
            if message.style == .secret || message.style == .visible { questions += 1 }
        }
        try promise(questions <= Wire.maximumPrompts, "\(questions) questions")
        // Sixteen before each question, and two at the end; the journal's lines stand among them.
        let most = (Wire.maximumPrompts + 1) * (Wire.maximumMessagesBetweenPrompts + 1) + 4
        try promise(application.shown.count <= most, "\(application.shown.count) messages")
        try promise(application.journalled <= 2, "\(application.journalled) lines for the journal")
        try promise(
            application.assignments.count <= Wire.maximumSets
                && application.authtoks.count <= Wire.maximumSets
                    + Wire.maximumPrompts,
            "more is set than may be")
        for assignment in application.assignments {
            let text = String(decoding: assignment, as: UTF8.self)
            let isAllowed = text.wholeMatch(of: /TWOSTEP_[A-Z_]{1,32}=.*/) != nil
            try promise(isAllowed && isPrintable(text) && assignment.count <= 297, "set: \(text.debugDescription)")
        }
        for token in application.authtoks {
            try promise(application.typed.contains { $0.starts(with: token) }, "PAM_AUTHTOK, never typed: \(token)")
        }
        guard let record else { return }
        let kinds = record.received.map { $0[5] }
        try promise(kinds.first == 1, "the first frame is \(kinds)")
        try promise(kinds.dropFirst().allSatisfy { (2...4).contains($0) }, "the module says \(kinds)")
        for frame in record.received.dropFirst() where frame[5] == 2 {
            let answer = Array(frame.dropFirst(6))
            try promise(answer.count <= Wire.maximumAnswer, "an answer of \(answer.count) bytes")
            guard !Transcript(record.sent).isAboutAuthtok else { continue }
            try promise(application.typed.contains(answer), "answered, and never typed: \(answer)")
            // Changed in between, it is another password.
            guard !password.isEmpty, !application.hasChangedAuthtok else { continue }
            try promise(answer != password, "the password has been sent as an answer")
        }
    }
}
