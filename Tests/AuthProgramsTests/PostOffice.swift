import AuthPrograms
import Authentication
import Synchronization

/// Takes what is sent to people, and says of each message what it is told to.
final class PostOffice: ProgramRunner {
    /// What a program was given.
    struct Letter {
        let program: ProgramName
        let text: String

        /// The eight digits in it; empty where there are none.
        var code: String {
            var digits = ""
            for character in text {
                digits = character.isASCII && character.isNumber ? digits + String(character) : ""
                if digits.count == 8 { return digits }
            }
            return ""
        }

        /// What an answer of a web service has to name.
        var reference: String {
            text.split(separator: #"\"reference\":\""#).dropFirst().first.map { String($0.prefix(32)) } ?? ""
        }
    }

    private let letters = Mutex<[Letter]>([])
    private let answer: @Sendable (Letter, [Letter]) -> ProgramRun

    /// Answers each letter; `before` are those that came before it.
    init(
        answering answer: @escaping @Sendable (_ letter: Letter, _ before: [Letter]) -> ProgramRun = { _, _ in .said("")
        }
    ) {
        self.answer = answer
    }

    var sent: [Letter] { letters.withLock { $0 } }

    func run(
        _ program: ProgramName, mayReachNetwork: Bool, asking request: borrowing Secret, within milliseconds: Int64
    ) -> ProgramRun {
        let text = request.withBytes { bytes in String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
        let letter = Letter(program: program, text: text)
        let before = letters.withLock { letters in
            defer { letters.append(letter) }
            return letters
        }
        return answer(letter, before)
    }
}

extension ProgramRun {
    /// It ended well, and wrote this.
    static func said(_ text: String) -> ProgramRun {
        let bytes = Array(text.utf8)
        return .ended(ProgramOutput(Secret(copying: bytes.span)))
    }
}
