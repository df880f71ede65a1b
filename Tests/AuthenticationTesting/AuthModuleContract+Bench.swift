import Authentication
import Testing

/// What the rules are made with.
extension AuthModuleContract {
    /// An account with devices, and what a store does with an attempt.
    struct Bench {
        static let uid: UInt32 = 1000

        let subject: Subject
        let account: AccountName
        var record: AccountRecord
        var now: Moment
        var host = HostCounter()

        init(_ subject: Subject, devices count: Int, account name: String = "alice") throws {
            try self.init(subject, payloads: Array(subject.payloads.prefix(count)), account: name)
        }

        init(_ subject: Subject, payloads: [[UInt8]], account name: String = "alice") throws {
            self.subject = subject
            now = subject.now
            account = try AuthModuleContract.account(name)
            record = AccountRecord(uid: payloads.isEmpty ? nil : Bench.uid)
            for (index, payload) in payloads.enumerated() {
                let key = DeviceKey(account: account, module: subject.module.id, device: "device \(index)")
                let sealed = try PlainSealing().seal(Secret(copying: payload.span), at: key)
                record.devices.append(
                    Device(name: key.device, sealed: sealed, state: subject.initialState, createdAt: 0))
            }
        }

        /// The right answer of a device now.
        func right(_ device: Int) -> [UInt8] {
            let state = record.devices.indices.contains(device) ? record.devices[device].state : subject.initialState
            return subject.right(device, state, now)
        }

        func session(of account: AccountName) -> ValidationSession {
            ValidationSession(
                id: ValidationSession.ID(high: 1, low: 2), account: account, provider: ProviderID("pam"),
                step: Step(subject.module.id), deadline: .max, triesLeft: 3)
        }

        func devices(sealing: any SecretSealing = PlainSealing()) -> Devices {
            Devices(record.devices, of: account, module: subject.module.id, sealing: sealing)
        }

        /// An answer as the conversation hands it on: what the module recognises is stretched, if it stretches.
        private func handedOn(_ answer: [UInt8]) -> Attempt.Answer? {
            let typed = input(answer)
            guard subject.module.stretchesAnswers, subject.module.recognizes(typed) else { return .input(typed) }
            return subject.module.stretch(typed, for: account).map { .stretched($0) }
        }

        /// The form that the module is given for an answer.
        func form(_ answer: [UInt8]) throws -> UserInput {
            switch try #require(handedOn(answer), "it stretches nothing") {
            case .input(let input), .stretched(let input): input
            case .unusable, .repeated: input([])
            }
        }

        /// One transaction of a store.
        mutating func judge(
            _ answer: [UInt8], session: ValidationSession? = nil, standing: Attempt.Standing = .known(uid: Bench.uid)
        ) -> Outcome {
            let session = session ?? self.session(of: account)
            let outcome: Outcome
            if let module = subject.module as? any ConsultingModule {
                outcome = consult(module, about: input(answer), in: session, standing)
            } else {
                guard let answer = handedOn(answer) else { return .unavailable(.moduleFailed) }
                outcome = perform(.answer(answer, session: session, module: subject.module), standing)
            }
            // What the person is told beside is the module's own affair, as long as it is a line.
            guard case .accepted(let name, let acceptance) = outcome else { return outcome }
            let notice = acceptance.notice
            #expect(notice != "" && notice?.contains("\n") != true, "the notice is no line of text")
            return .accepted(name)
        }

        private mutating func perform(_ subject: Attempt.Subject, _ standing: Attempt.Standing) -> Outcome {
            Attempt(subject, account: account, standing: standing, host: nil, throttle: Throttle(), now: now)
                .judge(in: &record, host: &host, sealing: PlainSealing())
        }

        /// Two transactions, and whoever is asked in between.
        private mutating func consult(
            _ module: any ConsultingModule, about input: UserInput, in session: ValidationSession,
            _ standing: Attempt.Standing
        ) -> Outcome {
            let charged = perform(.question(input, service: "sudo", session: session, module: module), standing)
            guard case .charged(let guess) = charged else { return charged }
            return perform(.testimony(module.consult(guess), of: guess, session: session, module: module), standing)
        }
    }

    /// What a module that somebody outside judges says to an answer, where nothing was charged; nil if it accepts it.
    private static func refusal(
        of input: UserInput, by module: any ConsultingModule, _ bench: Bench, _ devices: inout Devices
    ) -> InvalidAuth? {
        guard module.recognizes(input) else { return .malformed }
        do throws(InvalidAuth) {
            var opened: [ChargedGuess.OpenedDevice] = []
            for (index, device) in devices.devices.enumerated() {
                let payload = try devices.withPayload(of: index) { (bytes) throws(InvalidAuth) in
                    ChargedGuess.OpenedPayload(Secret(copying: bytes))
                }
                opened.append(ChargedGuess.OpenedDevice(name: device.name, state: device.state, payload: payload))
            }
            let guess = ChargedGuess(uncharged: input, of: bench.account, service: "sudo", devices: opened)
            return try module.settle(module.consult(guess), against: &devices, at: bench.now) == bench.account
                ? nil : .unavailable
        } catch {
            return error
        }
    }

    /// An account that a test names.
    static func account(_ name: String) throws -> AccountName { try #require(AccountName(name)) }

    /// A form with one field.
    static func input(_ answer: [UInt8]) -> UserInput { UserInput(Secret(copying: answer.span)) }

    /// What the module says to an answer; nil if it accepts it.
    static func refusal(of answer: [UInt8], _ bench: Bench, _ devices: inout Devices) -> InvalidAuth? {
        guard let form = try? bench.form(answer) else { return .unavailable }
        if let module = bench.subject.module as? any ConsultingModule {
            return refusal(of: form, by: module, bench, &devices)
        }
        do throws(InvalidAuth) {
            _ = try bench.subject.module.validate(
                bench.session(of: bench.account), form, against: &devices, at: bench.now)
            return nil
        } catch {
            return error
        }
    }

    /// A refusal in words.
    static func text(_ refusal: InvalidAuth?) -> String { refusal.map { "refused as \($0)" } ?? "accepted" }
}
