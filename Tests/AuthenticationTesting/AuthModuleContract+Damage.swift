import Authentication
import Testing

extension AuthModuleContract {
    /// What a store holds that no module has written, and what administrators see of it.
    static let damage: [Rule] = [
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
        Rule("survives every state that a device may have") { subject in
            for state in [.min, .min + 1, -1, 0, 1, 1 << 62, .max - 1, .max] as [Int64] {
                var bench = try Bench(subject, devices: subject.payloads.count)
                for index in bench.record.devices.indices { bench.record.devices[index].state = state }
                guard !subject.payloads.isEmpty else { continue }
                var devices = bench.devices()
                #expect(refusal(of: subject.wrong, bench, &devices) != nil, "in the state \(state) it was accepted")
                // Whatever becomes of the right answer, it moves nothing back.
                _ = bench.judge(subject.right(0, subject.initialState, bench.now))
                #expect(bench.record.devices.allSatisfy { $0.state >= state }, "the state \(state) was moved back")
                guard subject.isOneTime, state == .max else { continue }
                let outcome = bench.judge(bench.right(0))
                #expect(outcome != .accepted(bench.account), "there is a state behind the last one")
            }
        },
        Rule("says that a device is damaged where it cannot be judged by, and that one in use is not") { subject in
            guard let module = subject.module as? any EnrollableModule else { return }
            let now = try Bench(subject, devices: subject.payloads.count).now
            for payload in subject.payloads {
                let standing = module.standing(of: payload.span, state: subject.initialState, at: now)
                #expect(standing == .usable)
            }
            for noise in [[], [0], [0xFF], Array(repeating: 0xFF, count: 64)] as [[UInt8]] {
                let standing = module.standing(of: noise.span, state: subject.initialState, at: now)
                #expect(standing == .damaged, "\(noise)")
            }
        },
        Rule("describes whatever is stored in a line") { subject in
            guard let module = subject.module as? any EnrollableModule else { return }
            let noises: [[UInt8]] = [[], [0], [1], [0xFF], Array(repeating: 0xFF, count: 64)]
            for payload in subject.payloads + noises {
                for length in Set([payload.count, payload.count / 2, max(0, payload.count - 1)]) {
                    for state in [.min, -1, 0, 1, .max] as [Int64] {
                        let description = module.describe(Array(payload[..<length]).span, state: state)
                        #expect(!description.isEmpty && !description.contains("\n"), "\(description)")
                    }
                }
            }
        },
        Rule("diagnoses without spending") { subject in
            guard let module = subject.module as? any EnrollableModule else { return }
            for state in [.min, -1, 0, subject.initialState, .max] as [Int64] {
                var bench = try Bench(subject, devices: subject.payloads.count)
                for index in bench.record.devices.indices { bench.record.devices[index].state = state }
                for answer in [subject.wrong, [], [0xFF], subject.right(0, subject.initialState, bench.now)] {
                    var devices = bench.devices()
                    _ = module.diagnose(try bench.form(answer), against: &devices, at: bench.now)
                    #expect(devices.changed.isEmpty && devices.devices == bench.record.devices, "it was spent")
                }
            }
        },
    ]

    /// Opens nothing.
    private struct BrokenSealing: SecretSealing {
        func seal(_ payload: borrowing Secret, at place: some SealedPlace) throws(StoreFailure) -> [UInt8] {
            throw .damaged("broken")
        }

        func isCurrent(_ sealed: [UInt8]) -> Bool { false }

        func open(_ sealed: [UInt8], at place: some SealedPlace) throws(StoreFailure) -> Secret {
            throw .damaged("broken")
        }
    }
}
