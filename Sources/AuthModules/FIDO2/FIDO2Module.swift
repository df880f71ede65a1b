package import Authentication
internal import Cryptography
package import SecurityKeyProtocol

/// `fido2`: a security key at the machine itself (CTAP 2.1, Web Authentication Level 2).
///
/// The keys are asked by somebody else, who is not believed: what they have signed is verified here, over a challenge that
/// is made for one question and forgotten with it. A device's state is the signature counter that its last assertion had.
package struct FIDO2Module: ConsultingModule, EnrollableModule {
    package let id: ModuleID
    package let inputSchema: InputSchema
    package let terms: FIDO2Terms
    package let mostDevices: Int
    let keys: (any SecurityKeys)?

    package let refusal =
        "No security key of yours has confirmed this. Plug one in, type its PIN if it has one, and touch it when it blinks."
    // A signature is not guessed, and a PIN is counted by the key itself.
    package let isLowEntropy = false
    package let needsPresence = true
    package let usualDeviceName = "key"
    /// As long as keys wait for a touch.
    package let timeLimit = 30

    /// Without `keys` none is asked: for whoever reads a configuration and lets nobody in by it.
    package init(
        _ id: ModuleID, _ settings: Settings = Settings(), keys: (any SecurityKeys)?, hostName: String
    ) throws(SettingFailure) {
        self.id = id
        self.keys = keys
        terms = try FIDO2Terms(settings, hostName: hostName)
        mostDevices = try settings.integer("max_devices", in: 1...10, default: 10)
        inputSchema = FIDO2Module.form(terms, label: try settings.text("prompt"))
    }

    /// The shortest PIN that a key has, in bytes (CTAP 2.1 section 6.5.1).
    private static let shortestPIN = 4

    /// One field, whatever the account has: its PIN, or Enter for whoever has plugged in a key.
    static func form(_ terms: FIDO2Terms, label: String?, isSetup: Bool = false) -> InputSchema {
        let touch = terms.wantsPresence ? ", then touch it" : ""
        let usual =
            switch terms.verification {
            case .required: "PIN of your security key\(touch)"
            case .preferred: "PIN of your security key or Enter if it has none\(touch)"
            case .never where isSetup: "PIN of the security key or Enter if it has none\(touch)"
            case .never: "Plug in your security key, press Enter\(touch)"
            }
        return InputSchema([
            InputField(
                name: "pin", label: label ?? usual, kind: .secret, isRequired: terms.verification == .required)
        ])
    }

    package var announcement: String? { terms.wantsPresence ? "Touch your security key." : nil }

    package func recognizes(_ input: UserInput) -> Bool {
        guard terms.verification == .never else { return FIDO2Module.isPIN(input, in: inputSchema) }
        return input.count == 1 && input.isEmpty
    }

    /// A PIN that a key may have, or nothing where none is needed.
    static func isPIN(_ input: UserInput, in form: InputSchema) -> Bool {
        guard input.count == 1 else { return false }
        return input.withField { pin in
            guard pin.count > 0 else { return form.fields.allSatisfy { !$0.isRequired } }
            guard (shortestPIN...SecurityKeyQuestion.longestPIN).contains(pin.count),
                (try? UTF8Span(validating: pin)) != nil
            else { return false }
            return pin.indices.allSatisfy { pin[$0] >= 0x20 && pin[$0] != 0x7F }
        }
    }

    // MARK: Judging

    package func consult(_ guess: ChargedGuess) -> Testimony { consult(guess, for: UnhurriedAsker()) }

    package func consult(_ guess: ChargedGuess, for asker: any Asker) -> Testimony {
        guard let keys else { return .unavailable("nobody asks security keys here") }
        var known: [(device: ChargedGuess.OpenedDevice, credential: FIDO2Credential)] = []
        for device in guess.devices {
            guard let credential = device.payload.secret.withBytes({ FIDO2Credential(payload: $0) }) else {
                return .unavailable("what is stored of a security key of \(guess.account) is damaged")
            }
            known.append((device, credential))
        }
        do throws(CryptographyFailure) {
            let challenge = try FIDO2Challenge("login", account: guess.account, service: guess.service)
            // Who has none is asked like everybody, for one that no key has.
            let wanted = known.isEmpty ? [challenge.hash] : known.map(\.credential.id)
            let answer = keys.ask(
                question(.assertion(credentials: wanted), challenge, pin: guess.input), until: asker.deadline,
                whileAwaited: { asker.isWaiting })
            switch answer {
            case .asserted(let credential, let data, let signature):
                let assertion = FIDO2Assertion(credential: credential, authenticatorData: data, signature: signature)
                for (device, credential) in known {
                    guard let counter = try assertion.counter(for: credential, over: challenge.hash, on: terms) else {
                        continue
                    }
                    return .accepted(
                        Testimony.Approval(
                            guess.account, device: device.name,
                            state: FIDO2Module.state(after: device.state, counter: counter)))
                }
                return .wrong
            case .refused: return .wrong
            case .registered: return .unavailable("a security key was answered for in a way that makes no sense")
            case .failed(let reason): return .unavailable(reason)
            }
        } catch {
            return .unavailable("libcrypto makes no challenge: \(error)")
        }
    }

    /// What an assertion spends. A key that does not count says 0 each time and spends nothing; any other number must be
    /// greater than the one before, or there are two keys that claim to be one (Web Authentication Level 2, section 6.1.1).
    private static func state(after state: Int64, counter: UInt32) -> Int64? {
        state == 0 && counter == 0 ? nil : Int64(counter)
    }

    /// A question on the module's terms.
    func question(_ wish: SecurityKeyQuestion.Wish, _ challenge: FIDO2Challenge, pin: UserInput) -> SecurityKeyQuestion
    {
        SecurityKeyQuestion(
            wish, relyingParty: terms.relyingParty, clientDataHash: challenge.hash,
            wantsPresence: terms.wantsPresence, verification: terms.verification, seconds: timeLimit, pin: pin)
    }
}
