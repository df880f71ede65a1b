import Authentication
import Testing

extension EnrollmentStoreContract {
    /// What is remembered of logins, for reports and notices.
    static let remembering = [
        Rule("remembers the visit that an accepted answer completes, and gives the one before") { bench in
            try bench.enrol(bench.alice)
            let first = Visit(at: 100, service: "sshd", host: "192.0.2.7", way: .granted)
            let second = Visit(at: 200, service: "login", host: nil, way: .granted)
            #expect(try bench.visit("right 1", first) == .accepted(bench.alice, Acceptance()))
            #expect(try bench.visit("right 2", second) == .accepted(bench.alice, Acceptance(lastVisit: first)))
            let expected = [AccountActivity(account: bench.alice, visit: second)]
            #expect(try bench.store.activities() == expected)
        },
        Rule("says with an accepted answer how many were refused since the last") { bench in
            try bench.enrol(bench.alice)
            for _ in 0..<3 { try bench.answer("wrong", by: bench.alice) }
            let visit = Visit(at: 100, service: "sshd", host: nil, way: .granted)
            #expect(try bench.visit("right 1", visit) == .accepted(bench.alice, Acceptance(failuresBefore: 3)))
        },
        Rule("remembers no visit of an answer that was refused, and none that nobody asked about") { bench in
            try bench.enrol(bench.alice)
            let visit = Visit(at: 100, service: "sshd", host: nil, way: .granted)
            #expect(try bench.visit("wrong", visit) == .rejected(.wrongAnswer))
            try bench.answer("right 1", by: bench.alice)
            #expect(try bench.store.activities().isEmpty)
        },
        Rule("notes what is later, for each account by itself, and keeps it") { bench in
            let early = Visit(at: 1000, service: "sshd", host: "192.0.2.7", way: .exempt)
            let late = Visit(at: 2000, service: "sudo", host: nil, way: .skipped)
            try bench.store.note([
                AccountActivity(account: bench.alice, visit: late),
                AccountActivity(account: bench.bob, unenrolledAt: 5000),
            ])
            try bench.store.note([AccountActivity(account: bench.alice, visit: early, unenrolledAt: 7000)])
            try bench.store.note([AccountActivity(account: bench.bob, unenrolledAt: 4000)])
            let expected = [
                AccountActivity(account: bench.alice, visit: late, unenrolledAt: 7000),
                AccountActivity(account: bench.bob, unenrolledAt: 5000),
            ]
            #expect(try bench.store.activities() == expected)
            try bench.restart()
            #expect(try bench.store.activities() == expected)
        },
        Rule("takes what is much later for the word of a wrong clock") { bench in
            let future = Visit(at: 1_000_000, service: "sshd", host: nil, way: .granted)
            let present = Visit(at: 5000, service: "sshd", host: nil, way: .granted)
            try bench.store.note([AccountActivity(account: bench.alice, visit: future)])
            try bench.store.note([AccountActivity(account: bench.alice, visit: present)])
            #expect(try bench.store.activities() == [AccountActivity(account: bench.alice, visit: present)])
        },
    ]
}

extension StoreBench {
    /// One answer of alice that would complete a visit.
    fileprivate func visit(_ text: String, _ visit: Visit) throws -> Outcome {
        let plain = attempt(.typed(text), by: alice)
        return try judge(
            Attempt(
                plain.subject, account: alice, standing: plain.standing, host: nil, throttle: Throttle(),
                now: clock.now, visit: visit))
    }
}
