import Authentication
import Testing

extension AuthModuleContract {
    /// What every answer is owed, whoever gives it.
    static let answering: [Rule] = [
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
        Rule("is right again after wrong answers") { subject in
            var bench = try Bench(subject, devices: 1)
            for _ in 0..<3 { _ = bench.judge(subject.wrong) }
            let outcome = bench.judge(bench.right(0))
            #expect(outcome == .accepted(bench.account), "the right answer was \(outcome)")
        },
        Rule("stretches an answer the same way each time, for this account and this answer alone") { subject in
            let module = subject.module
            guard module.stretchesAnswers else { return }
            let bench = try Bench(subject, devices: 1)
            let right = input(bench.right(0))
            let stretched = try #require(module.stretch(right, for: bench.account))
            let again = try #require(module.stretch(input(bench.right(0)), for: bench.account))
            #expect(stretched.isSame(as: again), "it is another one each time")
            #expect(!stretched.isSame(as: right), "it is what was typed")
            let others = [
                module.stretch(right, for: try account("mallory")),
                module.stretch(input(subject.wrong), for: bench.account),
            ]
            for other in others {
                let other = try #require(other)
                #expect(!stretched.isSame(as: other), "another account or another answer gives the same")
            }
        },
        Rule("accepts no answer that was to be stretched and was not") { subject in
            guard subject.module.stretchesAnswers else { return }
            let bench = try Bench(subject, devices: subject.payloads.count)
            var devices = bench.devices()
            let name = try? subject.module.validate(
                bench.session(of: bench.account), input(bench.right(0)), against: &devices, at: bench.now)
            #expect(name == nil && devices.changed.isEmpty, "what was typed was enough")
        },
    ]
}
