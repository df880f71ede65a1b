import Authentication
import Testing

extension AuthModuleContract {
    /// What an accepted answer leaves behind.
    static let spending: [Rule] = [
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
            for _ in 0..<min(5, subject.answers) {
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
    ]
}
