import Authentication
import Testing

@Suite struct ThrottleTests {
    let throttle = Throttle()

    @Test(
        arguments: [
            (0, 0), (5, 0), (6, 30), (7, 60), (8, 120), (9, 240), (10, 480), (11, 960), (12, 1920), (13, 3600),
            (14, 3600),
            (49, 3600), (Int.max, 3600), (-1, 0), (Int.min, 0),
        ] as [(Int, Int64)]) func `five are free, then thirty seconds double to an hour`(
            _ failures: Int, _ delay: Int64
        )
    {
        #expect(throttle.delay(after: failures) == delay)
    }

    @Test func `a delay lasts to its last second`() {
        let last = Some.moment(100)
        #expect(throttle.standing(failures: 5, last: last, at: last) == .open)
        #expect(throttle.standing(failures: 6, last: last, at: last) == .delayed(seconds: 30))
        #expect(throttle.standing(failures: 6, last: last, at: Some.moment(129)) == .delayed(seconds: 1))
        var almost = Some.moment(130)
        almost.boottime -= 1
        #expect(throttle.standing(failures: 6, last: last, at: almost) == .delayed(seconds: 1))
        #expect(throttle.standing(failures: 6, last: last, at: Some.moment(130)) == .open)
    }

    @Test func `locked at fifty, for ever`() {
        #expect(throttle.standing(failures: 49, last: Some.moment(0), at: Some.moment(3600)) == .open)
        for failures in [50, 51, Int.max] {
            #expect(throttle.standing(failures: failures, last: Some.moment(0), at: Some.moment(1 << 40)) == .locked)
            #expect(throttle.standing(failures: failures, last: nil, at: Some.moment(0)) == .locked)
        }
    }

    @Test(arguments: [Int64.min, 0, 32_536_000, Int64.max] as [Int64])
    func `setting the wall clock shortens and lengthens nothing`(_ wall: Int64) {
        let last = Some.moment(100)
        #expect(
            throttle.standing(failures: 6, last: last, at: Some.moment(110, wall: wall)) == .delayed(seconds: 20))
        #expect(throttle.standing(failures: 6, last: last, at: Some.moment(130, wall: wall)) == .open)
    }

    @Test func `a delay survives a reboot and goes by the wall clock then`() {
        let last = Some.moment(5000, wall: 1_000_000)
        func standing(_ wall: Int64) -> Throttle.Standing {
            throttle.standing(failures: 6, last: last, at: Some.moment(1, boot: 2, wall: wall))
        }
        #expect(standing(1_000_000) == .delayed(seconds: 30))
        #expect(standing(1_000_029) == .delayed(seconds: 1))
        #expect(standing(1_000_030) == .open)
        // Before the failure: no time has passed, and never more than the whole delay is left.
        #expect(standing(0) == .delayed(seconds: 30))
        #expect(standing(Int64.min) == .delayed(seconds: 30))
        #expect(standing(Int64.max) == .open)
    }

    @Test func `no number traps`() {
        let extremes: [Int64] = [Int64.min, -1, 0, 1, 30, Int64.max]
        for failures in [Int.min, -1, 0, 5, 6, 49, 50, Int.max] {
            for then in extremes {
                for now in extremes {
                    for boot in [1, 2] as [Int64] {
                        let standing = throttle.standing(
                            failures: failures, last: Moment(wall: then, boottime: then, boot: 1),
                            at: Moment(wall: now, boottime: now, boot: boot))
                        if case .delayed(let seconds) = standing { #expect((1...3600).contains(seconds)) }
                        if failures >= 50 { #expect(standing == .locked) }
                    }
                }
            }
        }
    }

    @Test func `no setting traps`() {
        let extremes = [Int.min, -1, 0, 1, Int.max]
        for free in extremes {
            for first in extremes {
                for longest in extremes {
                    var throttle = Throttle()
                    throttle.freeFailures = free
                    throttle.firstDelay = Int64(first)
                    throttle.longestDelay = Int64(longest)
                    throttle.lockAt = Int.max
                    for failures in extremes {
                        _ = throttle.standing(failures: failures, last: Some.moment(0), at: Some.moment(1))
                    }
                }
            }
        }
    }

    @Test func `a counter counts up to its limit and never below nothing`() {
        var counter = FailureCounter()
        for _ in 1...3 { counter.charge(at: Some.moment(9)) }
        #expect(counter == FailureCounter(failures: 3, last: Some.moment(9)))
        var full = FailureCounter(failures: Int.max)
        full.charge(at: Some.moment(1))
        #expect(full.failures == Int(Int32.max))
        #expect(FailureCounter(failures: Int.min).failures == 0)
    }

    @Test func `failures with a module that is not configured any more hold nobody up`() {
        let old = FailureCounter(failures: 5, last: Some.moment(100))
        let record = AccountRecord(counters: [
            ModuleID("old"): old, Some.totp: FailureCounter(failures: 1, last: old.last),
        ])
        #expect(throttle.standing(of: record, at: Some.moment(101)) == .delayed(seconds: 29))
        var configured = throttle
        configured.modules = [Some.totp]
        #expect(configured.standing(of: record, at: Some.moment(101)) == .open)
        configured.modules = [Some.totp, ModuleID("old")]
        #expect(configured.standing(of: record, at: Some.moment(101)) == .delayed(seconds: 29))
    }
}

@Suite struct HostCounterTests {
    @Test func `thirty failures in ten minutes refuse a host for ten minutes`() {
        var host = HostCounter()
        for second in 0..<29 { host.count(at: Some.moment(Int64(second))) }
        #expect(!host.refuses(at: Some.moment(29)))
        host.count(at: Some.moment(599))
        #expect(host.refuses(at: Some.moment(599)))
        #expect(host.refuses(at: Some.moment(599 + 599)))
        #expect(!host.refuses(at: Some.moment(599 + 600)))
    }

    @Test func `a new window begins when the old one has passed`() {
        var host = HostCounter()
        for _ in 0..<29 { host.count(at: Some.moment(0)) }
        host.count(at: Some.moment(600))
        #expect(host.failures == 1)
        #expect(!host.refuses(at: Some.moment(600)))
    }

    @Test func `a window begins for nobody anew whose clock is a little behind`() {
        var host = HostCounter()
        for _ in 0..<29 { host.count(at: Some.moment(1000)) }
        host.count(at: Some.moment(995))
        #expect(host.failures == 30)
        for _ in 0..<30 { host.count(at: Some.moment(1000)) }
        #expect(host.refuses(at: Some.moment(995)))
        #expect(host.refuses(at: Some.moment(396)))
        // A clock that was wrong holds nobody up for as long as it was wrong.
        #expect(!host.refuses(at: Some.moment(395)))
    }

    @Test func `what is counted while it is refused lengthens nothing`() {
        var host = HostCounter()
        for _ in 0..<30 { host.count(at: Some.moment(0)) }
        for second in 1..<600 { host.count(at: Some.moment(Int64(second))) }
        #expect(host.refuses(at: Some.moment(599)))
        #expect(!host.refuses(at: Some.moment(600)))
    }

    @Test func `no time and no number traps`() {
        for wall in [Int64.min, -1, 0, Int64.max] {
            for since in [Int64.min, -1, 0, Int64.max] {
                for failures in [Int.min, -1, 0, 29, 30, Int.max] {
                    var host = HostCounter(failures: failures, since: since)
                    let now = Moment(wall: wall, boottime: 0, boot: 0)
                    host.count(at: now)
                    _ = host.refuses(at: now)
                    #expect(host.failures > 0)
                }
            }
        }
    }
}
