package import Authentication

/// `command_line` with `setup: true`: people enrol with it, and what the program keeps of a device is sealed in the store.
package struct EnrollableCommandLineModule: ProgramModule, EnrollableModule {
    package let id: ModuleID
    package let program: Program
    package let usualDeviceName = "device"

    package init(_ id: ModuleID, _ settings: ProgramSettings, runner: (any ProgramRunner)?) {
        self.id = id
        program = Program(ProgramName(.module, id.description), settings, isSetUp: true, runner: runner)
    }

    /// Asks the program for its form.
    package func initialize() throws(ModuleFailure) {
        if let reason = program.fault { throw ModuleFailure(reason) }
    }

    package func consult(_ guess: ChargedGuess) -> Testimony {
        Testimony(
            program.validate(guess.input, of: guess.account, service: guess.service, host: nil, devices: guess.devices))
    }

    // MARK: Set-up

    /// Has the program make the secret, and say how it is finished. It waits for it.
    package func beginSetup(_ request: SetupRequest) throws(SetupFailure) -> Setup {
        guard let parameter = request.parameters.keys.sorted().first else {
            do throws(ContractFault) {
                let seconds = request.isWithinLogin ? min(timeLimit, Contract.setupTimeWithinLogin) : nil
                return try program.beginSetup(of: request.account, device: request.device, within: seconds)
            } catch {
                throw SetupFailure("\(program.settings.program): \(error.explanation)")
            }
        }
        throw SetupFailure("\(id) knows no '\(parameter)'; expected none")
    }

    /// Has the program judge what was filled in. It waits for it.
    package func finishSetup(
        _ setup: borrowing Setup, _ input: UserInput, at now: Moment
    ) throws(SetupRejection) -> FinishedSetup {
        guard Program.recognizes(input, in: setup.confirmation) else { throw .malformed }
        return try program.finishSetup(setup, input)
    }

    /// Nobody but the program can tell, and it is asked for logins alone.
    package func diagnose(_ input: UserInput, against devices: inout Devices, at now: Moment) -> Diagnosis? { nil }

    package func describe(_ payload: Span<UInt8>, state: Int64) -> String { program.settings.program }
}
