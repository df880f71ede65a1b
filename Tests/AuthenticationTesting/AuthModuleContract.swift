package import Authentication
import Testing

/// What every auth module must do, whatever it is made of. Each module's tests run all the rules:
///
///     @Test(arguments: AuthModuleContract.rules)
///     func `keeps the contract`(rule: AuthModuleContract.Rule) throws { try rule.check(subject) }
///
/// A module that hangs is the daemon's matter, a deadline the session table's: no rule is about them.
package enum AuthModuleContract {
    /// One rule, named by what holds.
    package struct Rule: Sendable, CustomTestStringConvertible {
        package let name: String
        package let check: @Sendable (Subject) throws -> Void

        init(_ name: String, _ check: @escaping @Sendable (Subject) throws -> Void) {
            self.name = name
            self.check = check
        }

        package var testDescription: String { name }
    }

    /// A module, with what it takes to ask things of it.
    package struct Subject: Sendable {
        package let module: any AuthModule
        /// The payloads of three different devices; none for a module that keeps no devices.
        package let payloads: [[UInt8]]
        /// The state of a device that nothing was accepted from.
        package let initialState: Int64
        /// Whether an answer is good once (a code), or as often as one likes (a PIN).
        package let isOneTime: Bool
        /// When the first answer is given.
        package let now: Moment
        /// When there is a next answer after the one given at a moment.
        package let next: @Sendable (Moment) -> Moment
        /// The right answer for one of the devices (0 where there are none) in a state, at a moment.
        package let right: @Sendable (_ device: Int, _ state: Int64, _ now: Moment) -> [UInt8]
        /// An answer of the module's alphabet and length that no device accepts.
        package let wrong: [UInt8]

        package init(
            module: any AuthModule, payloads: [[UInt8]], initialState: Int64, isOneTime: Bool, now: Moment,
            next: @escaping @Sendable (Moment) -> Moment,
            right: @escaping @Sendable (_ device: Int, _ state: Int64, _ now: Moment) -> [UInt8], wrong: [UInt8]
        ) {
            self.module = module
            self.payloads = payloads
            self.initialState = initialState
            self.isOneTime = isOneTime
            self.now = now
            self.next = next
            self.right = right
            self.wrong = wrong
        }
    }

    /// Opens nothing.
    private struct BrokenSealing: SecretSealing {
        func seal(_ payload: borrowing Secret, at place: some SealedPlace) throws(StoreFailure) -> [UInt8] {
            throw .damaged("broken")
        }

        func open(_ sealed: [UInt8], at place: some SealedPlace) throws(StoreFailure) -> Secret {
            throw .damaged("broken")
        }
    }

    package static let rules: [Rule] = [
        Rule("initialises") { try $0.module.initialize() },
        Rule("has a form, and one sentence for whatever was wrong") { subject in
            let module = subject.module
            #expect(!module.inputSchema.fields.isEmpty, "there is nothing to fill in")
            #expect(!module.refusal.isEmpty && !module.refusal.contains("\n"), "the refusal is no line of text")
            let before = module.refusal
            for answer in [subject.wrong, [], subject.right(0, subject.initialState, subject.now)] {
                var bench = try Bench(subject, devices: 1)
                _ = bench.judge(answer)
            }
            #expect(module.refusal == before, "the refusal has changed")
        },
        Rule("accepts the right answer as the session's user") { subject in
            var bench = try Bench(subject, devices: 1)
            let outcome = bench.judge(bench.right(0))
            #expect(outcome == .accepted(bench.account), "the right answer was \(outcome)")
        },
        Rule("returns no name but the session's") { subject in
            let bench = try Bench(subject, devices: 1)
            var devices = bench.devices()
            let other = try account("mallory")
            let name = try? subject.module.validate(
                bench.session(of: other), input(bench.right(0)), against: &devices, at: subject.now)
            if let name {
                #expect(name == other, "the session is mallory's, and \(name) came back")
            } else {
                #expect(devices.changed.isEmpty, "it refused, and spent all the same")
            }
        },
        Rule("opens nothing to a session of another account") { subject in
            var bench = try Bench(subject, devices: 1)
            let outcome = bench.judge(bench.right(0), session: bench.session(of: try account("mallory")))
            #expect(outcome == .rejected(.usernameChanged))
            #expect(bench.record.spent.isEmpty, "mallory has spent another's answer")
        },
        Rule("cannot be asked by an account without a name") { _ in
            #expect(AccountName("") == nil, "there is an empty name")
        },
        Rule("refuses a wrong answer and spends nothing") { subject in
            let bench = try Bench(subject, devices: subject.payloads.count)
            var devices = bench.devices()
            let before = devices.devices
            let error = refusal(of: subject.wrong, bench, &devices)
            #expect(error == .wrong, "the wrong answer was \(text(error))")
            #expect(devices.changed.isEmpty && devices.devices == before, "it was spent")
        },
        Rule("accepts nothing that is empty, too long or has a NUL") { subject in
            var bench = try Bench(subject, devices: 1)
            let right = bench.right(0)
            let answers: [[UInt8]] = [
                [], [0], right + [0], [0] + right, right + [0] + right, Array(repeating: 0x30, count: 512),
                Array(repeating: 0x30, count: 511), Array(repeating: 0xFF, count: 512),
                right + Array(repeating: 0x41, count: 512), Array("\u{8}\n\r\u{7F}INCORRECT".utf8),
            ]
            for answer in answers {
                #expect(!subject.module.recognizes(input(answer)), "it recognises \(answer)")
                let outcome = bench.judge(answer)
                #expect(outcome == .rejected(.malformed), "\(answer) was \(outcome)")
                var devices = bench.devices()
                // Asked without `recognizes` before it, too.
                #expect(refusal(of: answer, bench, &devices) != nil, "\(answer) was accepted")
                #expect(devices.changed.isEmpty, "\(answer) was spent")
            }
        },
        Rule("accepts no form without fields") { subject in
            let bench = try Bench(subject, devices: 1)
            let form = UserInput(Secret(count: 0) { _ in }, ends: [])
            let none = try #require(form)
            #expect(!subject.module.recognizes(none), "it recognises a form without fields")
            var devices = bench.devices()
            let name = try? subject.module.validate(
                bench.session(of: bench.account), none, against: &devices, at: subject.now)
            #expect(name == nil && devices.changed.isEmpty, "a form without fields was accepted")
        },
        Rule("recognises an answer whatever the account has") { subject in
            for count in Set([0, min(1, subject.payloads.count), subject.payloads.count]) {
                for standing in [Attempt.Standing.known(uid: Bench.uid), .unknown] {
                    var bench = try Bench(subject, devices: count)
                    for answer in [subject.wrong, bench.right(0)] {
                        let outcome = bench.judge(answer, standing: standing)
                        #expect(outcome != .rejected(.malformed), "\(answer) of \(standing) was malformed")
                    }
                }
            }
        },
        Rule("accepts nothing for an account that has nothing") { subject in
            guard !subject.payloads.isEmpty else { return }
            let bench = try Bench(subject, devices: 0)
            for answer in [subject.wrong, bench.right(0)] {
                var devices = bench.devices()
                let error = refusal(of: answer, bench, &devices)
                #expect(error == .notEnrolled, "an account without devices was \(text(error))")
            }
        },
        Rule("cannot tell where a secret does not open") { subject in
            guard !subject.payloads.isEmpty else { return }
            let bench = try Bench(subject, devices: subject.payloads.count)
            for answer in [subject.wrong, bench.right(0)] {
                var devices = bench.devices(sealing: BrokenSealing())
                let error = refusal(of: answer, bench, &devices)
                #expect(error == .unavailable, "a secret that does not open was \(text(error))")
                #expect(devices.changed.isEmpty, "it was spent")
            }
        },
        Rule("cannot tell where one device of several does not open") { subject in
            guard subject.payloads.count > 1 else { return }
            var bench = try Bench(subject, devices: subject.payloads.count)
            let last = bench.record.devices.count - 1
            let broken = bench.record.devices[last]
            bench.record.devices[last] = Device(name: broken.name, sealed: [], state: broken.state, createdAt: 0)
            for answer in [subject.wrong, bench.right(0)] {
                var devices = bench.devices()
                let error = refusal(of: answer, bench, &devices)
                #expect(error == .unavailable, "a device that does not open was \(text(error))")
                #expect(devices.changed.isEmpty, "it was spent")
            }
        },
        Rule("cannot tell where a payload is nothing or noise") { subject in
            guard !subject.payloads.isEmpty else { return }
            let noises: [[UInt8]] = [
                [], [0], [0xFF], Array(repeating: 0, count: 64), Array(repeating: 0xFF, count: 64),
            ]
            for noise in noises {
                let bench = try Bench(subject, payloads: [noise])
                var devices = bench.devices()
                let error = refusal(of: subject.wrong, bench, &devices)
                #expect(error == .unavailable, "the payload \(noise) was \(text(error))")
            }
        },
        Rule("survives a payload that breaks off anywhere") { subject in
            for payload in subject.payloads {
                for length in payload.indices {
                    let bench = try Bench(subject, payloads: [Array(payload[..<length])])
                    var devices = bench.devices()
                    #expect(refusal(of: subject.wrong, bench, &devices) != nil, "\(length) bytes were enough")
                }
            }
        },
        Rule("accepts an answer once, if it is one for once") { subject in
            guard subject.isOneTime else { return }
            var bench = try Bench(subject, devices: 1)
            let answer = bench.right(0)
            #expect(bench.judge(answer) == .accepted(bench.account), "the right answer was refused")
            let outcome = bench.judge(answer)
            #expect(
                outcome == .rejected(.replayed) || outcome == .rejected(.wrongAnswer),
                "the second time it was \(outcome)")
        },
        Rule("accepts the next answer after one that was accepted") { subject in
            var bench = try Bench(subject, devices: 1)
            for _ in 0..<5 {
                let outcome = bench.judge(bench.right(0))
                #expect(outcome == .accepted(bench.account), "the next answer was \(outcome)")
                bench.now = subject.next(bench.now)
            }
        },
        Rule("accepts one of two hundred with one answer") { subject in
            guard subject.isOneTime else { return }
            var bench = try Bench(subject, devices: subject.payloads.count)
            let answer = bench.right(0)
            let accepted = (0..<200).count { _ in bench.judge(answer) == .accepted(bench.account) }
            #expect(accepted == 1, "\(accepted) were accepted")
        },
        Rule("accepts each device's answer and spends that device alone") { subject in
            for index in subject.payloads.indices {
                var bench = try Bench(subject, devices: subject.payloads.count)
                let outcome = bench.judge(bench.right(index))
                #expect(outcome == .accepted(bench.account), "device \(index) was \(outcome)")
                if subject.isOneTime { #expect(bench.record.spent == [index]) }
            }
        },
        Rule("never moves a device's state back") { subject in
            guard !subject.payloads.isEmpty else { return }
            var bench = try Bench(subject, devices: subject.payloads.count)
            var states = bench.record.devices.map(\.state)
            for round in 0..<6 {
                let device = round % subject.payloads.count
                for answer in [subject.wrong, bench.right(device), bench.right(device), []] { _ = bench.judge(answer) }
                let now = bench.record.devices.map(\.state)
                #expect(zip(states, now).allSatisfy { $0 <= $1 }, "\(states) became \(now)")
                states = now
                bench.now = subject.next(bench.now)
            }
        },
        Rule("is right again after wrong answers") { subject in
            var bench = try Bench(subject, devices: 1)
            for _ in 0..<3 { _ = bench.judge(subject.wrong) }
            let outcome = bench.judge(bench.right(0))
            #expect(outcome == .accepted(bench.account), "the right answer was \(outcome)")
        },
    ]

    // MARK: What the rules are made with

    /// An account with devices, and what a store does with an attempt.
    private struct Bench {
        static let uid: UInt32 = 1000

        let subject: Subject
        let account: AccountName
        var record: AccountRecord
        var now: Moment
        var host = HostCounter()

        init(_ subject: Subject, devices count: Int) throws {
            try self.init(subject, payloads: Array(subject.payloads.prefix(count)))
        }

        init(_ subject: Subject, payloads: [[UInt8]]) throws {
            self.subject = subject
            now = subject.now
            account = try AuthModuleContract.account("alice")
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

        /// One transaction of a store.
        mutating func judge(
            _ answer: [UInt8], session: ValidationSession? = nil, standing: Attempt.Standing = .known(uid: Bench.uid)
        ) -> Outcome {
            let attempt = Attempt(
                .answer(
                    .input(input(answer)), session: session ?? self.session(of: account), module: subject.module),
                account: account, standing: standing, host: nil, throttle: Throttle(), now: now)
            return attempt.judge(in: &record, host: &host, sealing: PlainSealing())
        }
    }

    private static func account(_ name: String) throws -> AccountName { try #require(AccountName(name)) }

    private static func input(_ answer: [UInt8]) -> UserInput { UserInput(Secret(copying: answer.span)) }

    /// What the module says to an answer; nil if it accepts it.
    private static func refusal(of answer: [UInt8], _ bench: Bench, _ devices: inout Devices) -> InvalidAuth? {
        do throws(InvalidAuth) {
            _ = try bench.subject.module.validate(
                bench.session(of: bench.account), input(answer), against: &devices, at: bench.now)
            return nil
        } catch {
            return error
        }
    }

    private static func text(_ refusal: InvalidAuth?) -> String { refusal.map { "refused as \($0)" } ?? "accepted" }
}
