import Authentication

/// What a module is because a program stands behind it, whether people enrol with it or not.
protocol ProgramModule: ConsultingModule, ProgramBacked {
    /// The program.
    var program: Program { get }
}

extension ProgramModule {
    package var programs: [ProgramName: ProgramSettings] { [program.name: program.settings] }
    package var inputSchema: InputSchema { program.schema }
    package var refusal: String { program.refusal ?? "That answer is wrong." }
    package var timeLimit: Int { program.settings.time }
    // Nobody else can know how easily its answers are guessed.
    package var isLowEntropy: Bool { true }

    package func recognizes(_ input: UserInput) -> Bool { program.recognizes(input) }
}
