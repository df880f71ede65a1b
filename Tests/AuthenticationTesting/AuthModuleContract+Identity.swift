import Authentication
import Testing

extension AuthModuleContract {
    /// Who an answer lets in, and whom it does not.
    static let identity: [Rule] = [
        Rule("returns no name but the session's") { subject in
            let bench = try Bench(subject, devices: 1)
            var devices = bench.devices()
            let other = try account("mallory")
            let name = try? subject.module.validate(
                bench.session(of: other), try bench.form(bench.right(0)), against: &devices, at: subject.now)
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
        Rule("accepts nothing for an account that has nothing") { subject in
            let name = subject.payloads.isEmpty ? "nobody" : "alice"
            let bench = try Bench(subject, devices: 0, account: name)
            for answer in [subject.wrong, bench.right(0)] {
                var devices = bench.devices()
                let error = refusal(of: answer, bench, &devices)
                #expect(error == .notEnrolled, "an account that has nothing was \(text(error))")
            }
        },
        Rule("lets nobody in whom the directory does not know") { subject in
            var bench = try Bench(subject, devices: subject.payloads.count)
            let outcome = bench.judge(bench.right(0), standing: .unknown)
            #expect(outcome == .rejected(.unknownAccount), "the right answer of an unknown account was \(outcome)")
        },
    ]
}
