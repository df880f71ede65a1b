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
            guard let answer = handedOn(answer) else { return .unavailable(.moduleFailed) }
            let attempt = Attempt(
                .answer(answer, session: session ?? self.session(of: account), module: subject.module),
                account: account, standing: standing, host: nil, throttle: Throttle(), now: now)
            let outcome = attempt.judge(in: &record, host: &host, sealing: PlainSealing())
            // What the person is told beside is the module's own affair, as long as it is a line.
            guard case .accepted(let name, let acceptance) = outcome else { return outcome }
            let notice = acceptance.notice
            #expect(notice != "" && notice?.contains("\n") != true, "the notice is no line of text")
            return .accepted(name)
        }
    }

    /// An account that a test names.
    static func account(_ name: String) throws -> AccountName { try #require(AccountName(name)) }

    /// A form with one field.
    static func input(_ answer: [UInt8]) -> UserInput { UserInput(Secret(copying: answer.span)) }

    /// What the module says to an answer; nil if it accepts it.
    static func refusal(of answer: [UInt8], _ bench: Bench, _ devices: inout Devices) -> InvalidAuth? {
        guard let form = try? bench.form(answer) else { return .unavailable }
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
