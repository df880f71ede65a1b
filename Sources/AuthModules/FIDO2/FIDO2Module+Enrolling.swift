package import Authentication
internal import Cryptography
internal import SecurityKeyProtocol

extension FIDO2Module {
    /// Asks for the PIN: the key is touched to finish the set-up.
    package func beginSetup(_ request: SetupRequest) throws(SetupFailure) -> Setup {
        _ = try SetupParameters(request.parameters, of: "fido2", known: [])
        guard keys != nil else { throw SetupFailure("nobody asks security keys here") }
        return Setup(choice: FIDO2Module.form(terms, label: nil, isSetup: true), of: request.account)
    }

    /// Has the key that is plugged in make a credential, and looks at it. It waits for the touch.
    package func finishSetup(
        _ setup: borrowing Setup, _ input: UserInput, at now: Moment
    ) throws(SetupRejection) -> FinishedSetup {
        guard FIDO2Module.isPIN(input, in: setup.confirmation) else {
            throw .unacceptable("A PIN has 4 to 63 characters.")
        }
        guard let keys, let account = setup.chooser, let challenge = challenge(for: account),
            // What keys tell of whom they are for is a random number, and no account's.
            let handle = try? FIDO2Challenge("handle", account: account, service: "").hash
        else { throw .unavailable }
        let answer = keys.ask(
            question(.registration(user: account.text, handle: handle), challenge, pin: input), until: .max,
            whileAwaited: { true })
        guard case .registered(let bytes) = answer else { throw SetupRejection(answer) }
        guard let made = newCredential(in: bytes) else {
            throw .unacceptable("The security key has made nothing that can be used here.")
        }
        return FinishedSetup(payload: made.credential.payload, state: Int64(made.counter))
    }

    private func challenge(for account: AccountName) -> FIDO2Challenge? {
        try? FIDO2Challenge("registration", account: account, service: "")
    }

    /// The credential that a key has made on the module's terms; nil if it has not. That it was made for this question
    /// nobody proves: whoever could have put another key in its place could have plugged that in as well.
    package func newCredential(in data: [UInt8]) -> (credential: FIDO2Credential, counter: UInt32)? {
        guard let data = AuthenticatorData(data), let credential = data.credential, (try? data.keeps(terms)) == true
        else { return nil }
        return (credential, data.counter)
    }

    /// What a key has signed is for one question: there is nothing to be looked at again.
    package func diagnose(_ input: UserInput, against devices: inout Devices, at now: Moment) -> Diagnosis? { nil }

    /// `ES256, 12 signatures`.
    package func describe(_ payload: Span<UInt8>, state: Int64) -> String {
        guard let credential = FIDO2Credential(payload: payload) else { return "damaged" }
        return state == 0 ? credential.algorithm.name : "\(credential.algorithm.name), counter \(state)"
    }

    package func standing(of payload: Span<UInt8>, state: Int64, at now: Moment) -> DeviceStanding {
        FIDO2Credential(payload: payload) == nil ? .damaged : .usable
    }
}

extension SetupRejection {
    /// Why a key has made nothing, for the person before it.
    init(_ answer: SecurityKeyAnswer) {
        self =
            switch answer {
            case .refused(let refusal): .unacceptable(refusal.sentence)
            // Whoever enrols is root, who can mend it.
            case .failed(let reason): .unacceptable("No security key can be asked: \(reason).")
            case .asserted, .registered: .unavailable
            }
    }
}

extension SecurityKeyAnswer.Refusal {
    fileprivate var sentence: String {
        switch self {
        case .noKey: "No security key is plugged in."
        case .notHeld, .unable: "That security key cannot do what is wanted of it."
        case .pinNeeded: "That security key wants its PIN."
        case .pinWrong: "That PIN is wrong."
        case .pinBlocked: "That security key takes no PIN any more: plug it in anew, or reset it."
        case .noPIN: "That security key has no PIN yet: set one first."
        case .notTouched: "The security key was not touched in time."
        case .several: "Several security keys are plugged in: leave the new one alone."
        }
    }
}
