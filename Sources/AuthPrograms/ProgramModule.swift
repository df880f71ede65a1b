import Authentication

/// What a module is because a program stands behind it, whether people enrol with it or not.
protocol ProgramModule: ConsultingModule, ProgramDescribed {}

extension ProgramModule {
    package var inputSchema: InputSchema { program.schema }
    package var refusal: String { program.refusal ?? "That answer is wrong." }
    package var outage: String? { program.outage }
    package var timeLimit: Int { program.settings.time }
    // Nobody else can know how easily its answers are guessed.
    package var isLowEntropy: Bool { true }

    package func recognizes(_ input: UserInput) -> Bool { program.recognizes(input) }
}
