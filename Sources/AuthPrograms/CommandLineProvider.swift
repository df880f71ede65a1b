package import Authentication

/// `command_line`: a first factor that a program of the administrator's proves (twostep-module(7)).
///
/// Its users are its own: what their names open is decided by credentials.
package struct CommandLineProvider: AuthProvider, ProgramDescribed {
    package let id: ProviderID
    package let program: Program

    package var inputSchema: InputSchema { program.schema }
    package let speaksOfAccounts = false
    package let createsCredentials: Bool
    package var refusal: String { program.refusal ?? "That password is wrong." }
    package var outage: String? { program.outage }
    package var timeLimit: Int { program.settings.time }

    package init(
        _ id: ProviderID, _ settings: ProgramSettings, createsCredentials: Bool, runner: (any ProgramRunner)?
    ) {
        self.id = id
        self.createsCredentials = createsCredentials
        program = Program(ProgramName(.provider, id.description), settings, runner: runner)
    }

    /// Asks the program for its form.
    package func initialize() throws(ProviderFailure) {
        if let reason = program.fault { throw ProviderFailure(reason) }
    }

    package func prove(
        _ request: LoginRequest, _ input: UserInput?, users: any UserDatabase, isWaived: Bool
    ) -> Proof {
        guard let input, program.recognizes(input) else { return .rejected(.malformed) }
        switch program.validate(
            input, of: request.account, service: request.service, host: request.remoteHost, devices: nil)
        {
        case .accepted(let user, _, _, _):
            guard let username = AccountName(user) else { return .rejected(.usernameChanged) }
            return .proved(username, isWaived: false)
        case .wrong: return .rejected(.wrongPassword)
        case .malformed: return .rejected(.malformed)
        case .unavailable(let reason): return .unavailable(reason)
        }
    }
}
