package import Authentication
internal import Synchronization

/// A module that somebody outside judges: who is scripted here, and says what he was asked.
package final class ConsultedModule: ConsultingModule {
    package let id: ModuleID
    package let inputSchema = InputSchema([InputField(name: "code", label: "Code", kind: .secret)])
    package let refusal = "That was not right."
    package let isLowEntropy = true
    package let timeLimit: Int
    package let announcement: String?
    private let answer: @Sendable (ChargedGuess) -> Testimony
    private let asked = Mutex<[ChargedGuess]>([])

    package init(
        _ id: ModuleID = ModuleID("consulted"), timeLimit: Int = 10, announcement: String? = nil,
        answering answer: @escaping @Sendable (ChargedGuess) -> Testimony
    ) {
        self.id = id
        self.timeLimit = timeLimit
        self.announcement = announcement
        self.answer = answer
    }

    /// What it was asked about.
    package var guesses: [ChargedGuess] { asked.withLock { $0 } }

    package func recognizes(_ input: UserInput) -> Bool { input.withField { $0.count > 0 && $0[0] != 0x3F } }

    package func consult(_ guess: ChargedGuess) -> Testimony {
        asked.withLock { $0.append(guess) }
        return answer(guess)
    }
}
