import AuthModules
import Authentication
import AuthenticationTesting
import Cryptography
import SecurityKeyProtocol
import Synchronization
import Testing

@Suite struct FIDO2ModuleTests {
    static func module(
        _ settings: [String: String] = [:], keys: (any SecurityKeys)?
    ) throws -> FIDO2Module {
        try FIDO2Module(
            ModuleID("fido2"), Settings(settings.mapValues { setting($0) }), keys: keys, hostName: "host.example")
    }

    static func credential(of key: ScriptedSecurityKey) throws -> FIDO2Credential {
        try #require(FIDO2Credential(id: key.id, .edDSA, key.publicKey))
    }

    /// alice's devices as a guess has them.
    static func guess(
        _ pin: String, _ keys: [ScriptedSecurityKey], state: Int64 = 0, service: String = "sudo"
    ) throws -> ChargedGuess {
        ChargedGuess(
            uncharged: typed(pin), of: try #require(AccountName("alice")), service: service,
            devices: try keys.map {
                ChargedGuess.OpenedDevice(
                    name: $0.name, state: state, payload: ChargedGuess.OpenedPayload(try credential(of: $0).payload))
            })
    }

    static func accepted(_ device: String = "key", state: Int64?) -> Testimony {
        .accepted(Testimony.Approval(AccountName("alice"), device: device, state: state))
    }

    // MARK: The contract

    /// Several keys that are plugged in at once; the PIN tells which of them is meant.
    struct Bunch: SecurityKeys {
        let keys: [ScriptedSecurityKey]

        func ask(
            _ question: SecurityKeyQuestion, until deadline: Int64,
            whileAwaited isAwaited: @escaping @Sendable () -> Bool
        ) -> SecurityKeyAnswer {
            let typed = question.pin.withField { pin in pin.indices.map { pin[$0] } }
            let meant = keys.first { Array($0.pin.utf8) == typed }
            return meant?.ask(question, until: deadline, whileAwaited: isAwaited) ?? .refused(.pinWrong)
        }
    }

    @Test(arguments: AuthModuleContract.rules) func `keeps the contract`(rule: AuthModuleContract.Rule) throws {
        let keys = (0..<3).map { ScriptedSecurityKey("key \($0)", pin: "pin \($0)") }
        try rule.check(
            AuthModuleContract.Subject(
                module: try Self.module(["user_verification": "required"], keys: Bunch(keys: keys)),
                payloads: try keys.map { bytes(try Self.credential(of: $0).payload) }, initialState: 0,
                isOneTime: false, now: moment(0), next: { $0 }, right: { device, _, _ in Array("pin \(device)".utf8) },
                wrong: Array("pin 9".utf8)))
    }

    // MARK: Judging

    @Test func `accepts what a key of the account has signed, and spends its counter`() throws {
        let key = ScriptedSecurityKey(counter: 41)
        let module = try Self.module(keys: key)
        #expect(module.consult(try Self.guess("1234", [key], state: 41)) == Self.accepted(state: 42))
        #expect(module.consult(try Self.guess("", [key], state: 42)) == Self.accepted(state: 43))
        #expect(key.questions.map(\.relyingParty) == ["pam://host.example", "pam://host.example"])
        #expect(key.questions.allSatisfy { $0.wantsPresence && $0.verification == .preferred })
        #expect(key.questions.map(\.wish) == Array(repeating: .assertion(credentials: [key.id]), count: 2))
    }

    @Test(arguments: [(1, 0), (41, 41), (40, 41), (1, Int64.max), (0, 1)] as [(UInt32, Int64)])
    func `a counter that does not rise is a key twice`(_ said: UInt32, _ state: Int64) throws {
        let key = ScriptedSecurityKey(counter: said &- 1, counts: said > 0)
        let module = try Self.module(keys: key)
        let testimony = module.consult(try Self.guess("1234", [key], state: state))
        let name = try #require(AccountName("alice"))
        let place = DeviceKey(account: name, module: module.id, device: "key")
        let sealed = try PlainSealing().seal(try Self.credential(of: key).payload, at: place)
        var devices = Devices(
            [Device(name: "key", sealed: sealed, state: state, createdAt: 0)], of: name, module: module.id,
            sealing: PlainSealing())
        if Int64(said) > state {
            #expect(try module.settle(testimony, against: &devices, at: moment(0)) == name)
        } else {
            #expect(throws: InvalidAuth.replayed) { try module.settle(testimony, against: &devices, at: moment(0)) }
            #expect(devices.changed.isEmpty)
        }
    }

    @Test func `a key that never counts is accepted again and again`() throws {
        let key = ScriptedSecurityKey(counts: false)
        let module = try Self.module(keys: key)
        for _ in 0..<3 { #expect(module.consult(try Self.guess("1234", [key])) == Self.accepted(state: nil)) }
    }

    @Test func `what a key has signed before is nothing the next time`() throws {
        let recorded = Mutex<SecurityKeyAnswer?>(nil)
        let key = ScriptedSecurityKey(
            counts: false,
            falsifying: { _, answer in
                recorded.withLock { first in
                    first = first ?? answer
                    return first ?? answer
                }
            })
        let module = try Self.module(keys: key)
        #expect(module.consult(try Self.guess("1234", [key])) == Self.accepted(state: nil))
        #expect(module.consult(try Self.guess("1234", [key])) == .wrong)
        #expect(Set(key.questions.map(\.clientDataHash)).count == 2)
    }

    @Test(arguments: [0x00, 0x04] as [UInt8]) func `a key that was not touched is refused`(_ flags: UInt8) throws {
        let honest = ScriptedSecurityKey()
        let key = ScriptedSecurityKey(falsifying: { question, answer in
            guard case .asserted(let id, var data, _) = answer else { return answer }
            data[32] = flags
            return .asserted(
                credential: id, authenticatorData: data, signature: honest.sign(data + question.clientDataHash))
        })
        #expect(try Self.module(keys: key).consult(Self.guess("1234", [key])) == .wrong)
    }

    @Test func `verification is what the configuration says, whatever the key is asked`() throws {
        let key = ScriptedSecurityKey(falsifying: { question, answer in
            // Whoever asks has not passed on what was wanted.
            let eased = SecurityKeyQuestion(
                question.wish, relyingParty: question.relyingParty, clientDataHash: question.clientDataHash,
                wantsPresence: true, verification: .never, seconds: 1, pin: typed(""))
            return ScriptedSecurityKey().answer(eased)
        })
        #expect(
            try Self.module(["user_verification": "required"], keys: key).consult(Self.guess("1234", [key])) == .wrong)
        #expect(try Self.module(keys: key).consult(Self.guess("1234", [key])) == Self.accepted(state: 1))
    }

    @Test func `another account's key opens nothing`() throws {
        let (own, other) = (ScriptedSecurityKey("own"), ScriptedSecurityKey("other"))
        #expect(try Self.module(keys: other).consult(Self.guess("1234", [own])) == .wrong)
        // Nor one that says that it was the other.
        let liar = ScriptedSecurityKey(falsifying: { question, _ in
            guard
                case .asserted(_, let data, let signature) = other.answer(
                    SecurityKeyQuestion(
                        .assertion(credentials: [other.id]), relyingParty: question.relyingParty,
                        clientDataHash: question.clientDataHash, wantsPresence: true, verification: .never, seconds: 1,
                        pin: typed("")))
            else { return .refused(.unable) }
            return .asserted(credential: own.id, authenticatorData: data, signature: signature)
        })
        #expect(try Self.module(keys: liar).consult(Self.guess("1234", [own])) == .wrong)
    }

    @Test func `whoever has no key is asked like everybody, and for one that no key has`() throws {
        let key = ScriptedSecurityKey()
        let module = try Self.module(keys: key)
        #expect(module.consult(try Self.guess("1234", [])) == .wrong)
        let question = try #require(key.questions.first)
        guard case .assertion(let credentials) = question.wish else {
            Issue.record("it was asked for something else")
            return
        }
        #expect(credentials.count == 1 && credentials != [key.id])
    }

    @Test(arguments: SecurityKeyAnswer.Refusal.allCases)
    func `a key that has not signed is no answer`(_ refusal: SecurityKeyAnswer.Refusal) throws {
        let key = ScriptedSecurityKey(falsifying: { _, _ in .refused(refusal) })
        #expect(try Self.module(keys: key).consult(Self.guess("1234", [key])) == .wrong)
    }

    @Test func `where nobody can be asked it cannot be told`() throws {
        let key = ScriptedSecurityKey(falsifying: { _, _ in .failed("nobody is there") })
        #expect(try Self.module(keys: key).consult(Self.guess("1234", [key])) == .unavailable("nobody is there"))
        let none = try Self.module(keys: nil).consult(Self.guess("1234", [key]))
        #expect(none == .unavailable("nobody asks security keys here"))
    }

    // MARK: Setting up

    static func setup(_ module: FIDO2Module) throws -> Setup {
        try module.beginSetup(
            SetupRequest(account: try #require(AccountName("alice")), device: "key", issuer: "host", parameters: [:]))
    }

    static func rejection(of pin: String, by module: FIDO2Module) throws -> SetupRejection? {
        let setup = try setup(module)
        do throws(SetupRejection) {
            _ = try module.finishSetup(setup, typed(pin), at: moment(0))
            return nil
        } catch {
            return error
        }
    }

    @Test func `a key that was set up is accepted from then on`() throws {
        let key = ScriptedSecurityKey(counter: 6)
        let module = try Self.module(keys: key)
        let finished = try module.finishSetup(try Self.setup(module), typed("1234"), at: moment(0))
        let (made, state) = (bytes(finished.payload), finished.state)
        let expected = bytes(try Self.credential(of: key).payload)
        #expect(made == expected && state == 7)
        #expect(module.consult(try Self.guess("1234", [key], state: 7)) == Self.accepted(state: 8))
        guard case .registration(let user, let handle)? = key.questions.first?.wish else {
            Issue.record("it was not asked for a credential")
            return
        }
        #expect(user == "alice" && !handle.elementsEqual("alice".utf8))
    }

    @Test(
        arguments: [
            (.refused(.noKey), .unacceptable("No security key is plugged in.")),
            (.refused(.pinWrong), .unacceptable("That PIN is wrong.")),
            (.refused(.notTouched), .unacceptable("The security key was not touched in time.")),
            (.failed("x"), .unacceptable("No security key can be asked: x.")),
            (
                .registered(authenticatorData: [1]),
                .unacceptable("The security key has made nothing that can be used here.")
            ),
        ] as [(SecurityKeyAnswer, SetupRejection)])
    func `what a key does not do is said`(_ answer: SecurityKeyAnswer, _ rejection: SetupRejection) throws {
        let module = try Self.module(keys: ScriptedSecurityKey(falsifying: { _, _ in answer }))
        #expect(try Self.rejection(of: "1234", by: module) == rejection)
    }

    @Test(arguments: ["123", String(repeating: "1", count: 64), "12\u{7}34"])
    func `what is no PIN is not handed on`(_ pin: String) throws {
        let key = ScriptedSecurityKey()
        let module = try Self.module(keys: key)
        #expect(!module.recognizes(typed(pin)))
        #expect(try Self.rejection(of: pin, by: module) == .unacceptable("A PIN has 4 to 63 characters."))
        #expect(key.questions.isEmpty)
    }

    // MARK: Settings

    @Test(arguments: [
        ("required", false, false), ("preferred", true, true), ("never", true, false),
    ]) func `takes Enter where no PIN is needed`(_ word: String, _ takesNothing: Bool, _ takesBoth: Bool) throws {
        let module = try Self.module(["user_verification": word], keys: nil)
        #expect(module.recognizes(typed("")) == takesNothing)
        #expect(module.recognizes(typed("1234")) == (takesBoth || word == "required"))
    }

    @Test(arguments: [
        ("user_verification", "always", "user_verification is 'always', expected required, preferred or never"),
        ("user_presence", "no", "user_presence is 'no', expected true or false"),
        (
            "user_presence", "false",
            "user_presence is 'false', which takes user_verification: required: else a key that was left behind is enough"
        ),
        (
            "relying_party", "a b",
            "relying_party is 'a b', expected at most 253 printable characters without blanks"
        ),
        ("max_devices", "11", "max_devices is '11', expected a whole number from 1 to 10"),
    ]) func `refuses other settings, and says what was expected`(
        _ key: String, _ value: String, _ expected: String
    ) throws {
        let type = try #require(SecurityKeyRegistry.modules(nil, hostName: "host").first)
        #expect(type.name == "fido2" && type.keys.contains(key))
        #expect(throws: SettingFailure(at: setting(value), expected)) { try Self.module([key: value], keys: nil) }
    }

    @Test func `is for people who sit at the machine, and nothing to be guessed`() throws {
        let module = try Self.module(["user_presence": "false", "user_verification": "required"], keys: nil)
        #expect(module.needsPresence && !module.isLowEntropy && !module.terms.wantsPresence)
        #expect(try Self.module(["relying_party": "ssh:"], keys: nil).terms.relyingParty == "ssh:")
    }
}
