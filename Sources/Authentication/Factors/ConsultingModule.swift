/// A module whose answers are judged outside the daemon: by a program, by whatever that asks.
///
/// Nobody waits for it inside a transaction. A guess is charged in one, which hands out what is to be judged; the module
/// is consulted on a pool of its own; what it says is settled in a second one, and disclosed once that is on disk.
/// Between the two there is nothing but the charge: whoever hangs, dies or leaves has paid.
package protocol ConsultingModule: AuthModule {
    /// How long it may take, in whole seconds: people's hosts are told in advance, so that they wait as long.
    var timeLimit: Int { get }

    /// What the person is told while that goes on, in one line; nil where there is nothing to do.
    var announcement: String? { get }

    /// Has a guess judged. It is called on the pool for what waits, must return within `timeLimit`, and must do the same for
    /// an account that does not exist.
    func consult(_ guess: ChargedGuess) -> Testimony

    /// The same for somebody who may stop waiting for it: what is only worth while then, it need not go on with.
    func consult(_ guess: ChargedGuess, for asker: any Asker) -> Testimony
}

extension ConsultingModule {
    package var announcement: String? { nil }
    package func consult(_ guess: ChargedGuess, for asker: any Asker) -> Testimony { consult(guess) }

    /// Nothing is judged on the store's thread: an answer that was never charged as a question cannot be told.
    package func validate(
        _ session: ValidationSession, _ input: UserInput, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName {
        throw .unavailable
    }

    /// What a testimony comes to, in the transaction that settles it: the username it names, with the device spent whose
    /// state it moves.
    package func settle(
        _ testimony: Testimony, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName? {
        // Nobody who has nothing is let in by what has people enrol.
        let isEnrolled = !(self is any EnrollableModule) || !devices.isEmpty
        switch testimony {
        case .wrong: throw isEnrolled ? .wrong : .notEnrolled
        case .malformed: throw .malformed
        case .unavailable: throw .unavailable
        case .accepted(let acceptance):
            guard isEnrolled else { throw .notEnrolled }
            guard let name = acceptance.device else { return acceptance.username }
            guard let index = devices.devices.firstIndex(where: { $0.name == name }) else { throw .unavailable }
            if let state = acceptance.state { try devices.spend(index, state: state, at: now) }
            return acceptance.username
        }
    }
}
