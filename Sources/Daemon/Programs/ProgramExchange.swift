import Authentication
import AuthPrograms

/// What the daemon and a launcher say to each other over program.sock: a head line and a body each way.
///
/// The daemon names a program and nothing of how it is run; whoever starts it looks that up for himself.
enum ProgramExchange {
    /// The longest head line, in bytes.
    static let longestHead = 512

    /// The daemon's head: `twostep-program 1 module command_line:door 123`, the last the length of the question.
    static func head(_ program: ProgramName, count: Int) -> String {
        "twostep-program 1 \(program.kind.rawValue) \(program.identity) \(count)\n"
    }

    /// What a head asks for; nil for one that is none.
    static func parse(head: String) -> (program: ProgramName, count: Int)? {
        let words = head.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 5, words[0] == "twostep-program", words[1] == "1",
            let kind = ProgramName.Kind(rawValue: words[2]), (1...200).contains(words[3].utf8.count),
            let count = Settings.number(words[4]), (1...Contract.longestRequest).contains(count)
        else { return nil }
        return (ProgramName(kind, words[3]), count)
    }

    /// The launcher's head: `ended 45`, the length of what the program wrote, or `failed` and why.
    static func head(_ run: ProgramRun) -> String {
        switch run {
        case .ended(let output): "ended \(output.bytes.count)\n"
        case .failed(let reason): "failed \(reason.replacing("\n", with: " "))\n"
        }
    }

    /// What a launcher has answered as a whole.
    static func parse(answer: borrowing Secret) -> ProgramRun {
        answer.withBytes { bytes in
            var end = 0
            while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
            guard end < bytes.count, end <= longestHead else { return broken }
            var head = ""
            for index in 0..<end { head.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
            let words = head.split(separator: " ", maxSplits: 1).map(String.init)
            let rest = bytes.extracting((end + 1)..<bytes.count)
            switch words.first {
            case "ended" where words.count == 2 && Settings.number(words[1]) == rest.count:
                return .ended(ProgramOutput(Secret(copying: rest)))
            case "failed" where words.count == 2: return .failed(words[1])
            case _: return broken
            }
        }
    }

    private static let broken = ProgramRun.failed("whoever starts programs has answered nothing that makes sense")
}
