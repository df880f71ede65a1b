import AuthPrograms
import Authentication
import Synchronization

/// Answers for a program: by the request, what it would have written; and keeps what it was asked.
final class ScriptedRunner: ProgramRunner {
    private let answers: Mutex<[String: ProgramRunText]>
    private let questions = Mutex<[String]>([])

    /// What a program does about a request.
    enum ProgramRunText: Sendable {
        case writes(String)
        case fails(String)
    }

    init(_ answers: [String: ProgramRunText]) { self.answers = Mutex(answers) }

    /// Has a request answered otherwise from now on.
    func answer(_ request: String, _ text: ProgramRunText) { answers.withLock { $0[request] = text } }

    /// One that describes a form of one field, and answers whatever else with `answer`.
    convenience init(describing fields: String = ScriptedRunner.field, validate answer: String) {
        self.init([
            "describe": .writes(#"{"twostep":1,"fields":[\#(fields)]}"# + "\n"), "validate": .writes(answer),
        ])
    }

    static let field = #"{"name":"code","label":"Door code"}"#

    var asked: [String] { questions.withLock { $0 } }

    func run(
        _ program: ProgramName, mayReachNetwork: Bool, asking request: borrowing Secret, within milliseconds: Int64
    ) -> ProgramRun {
        let text = request.withBytes { bytes in
            String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
        }
        questions.withLock { $0.append(text) }
        for (request, answer) in answers.withLock({ $0 }) where text.contains(#""request":"\#(request)""#) {
            switch answer {
            case .writes(let text):
                let bytes = Array(text.utf8)
                return .ended(ProgramOutput(Secret(copying: bytes.span)))
            case .fails(let reason): return .failed(reason)
            }
        }
        return .failed("nothing is scripted for that")
    }
}
