package import Authentication

/// `command_line`: a factor that a program of the administrator's judges (twostep-module(7)).
package struct CommandLineModule: ProgramModule {
    package let id: ModuleID
    package let program: Program

    package init(_ id: ModuleID, _ settings: ProgramSettings, runner: (any ProgramRunner)?) {
        self.id = id
        program = Program(ProgramName(.module, id.description), settings, runner: runner)
    }

    /// Asks the program for its form.
    package func initialize() throws(ModuleFailure) {
        if let reason = program.fault { throw ModuleFailure(reason) }
    }

    package func consult(_ guess: ChargedGuess) -> Testimony {
        Testimony(
            program.validate(guess.input, of: guess.account, service: guess.service, host: nil, devices: nil))
    }
}

extension Testimony {
    /// A name that is none is nobody's.
    init(_ verdict: Program.Verdict) {
        switch verdict {
        case .accepted(let user, let device, let state, let notice):
            self = .accepted(Approval(AccountName(user), device: device, state: state, notice: notice))
        case .wrong: self = .wrong
        case .malformed: self = .malformed
        case .unavailable(let reason): self = .unavailable(reason)
        }
    }
}
