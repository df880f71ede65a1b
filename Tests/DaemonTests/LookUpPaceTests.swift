import Daemon
import NIOCore
import Testing

/// When a look-up is heard of.
struct LookUpPaceTests {
    private let askedAt = NIODeadline.uptimeNanoseconds(7)

    private func note(_ time: Int64, of found: Lookup = .notFound, in pace: inout LookUpPace) {
        pace.note(AccountAnswer(found: found, askedAt: askedAt, foundAt: askedAt + .microseconds(time)))
    }

    private func pace(of times: [Int64]) -> LookUpPace {
        var pace = LookUpPace()
        for time in times { note(time, in: &pace) }
        return pace
    }

    /// How long after its look-up a name is heard of at the soonest; the same for each.
    private func wait(_ pace: LookUpPace) -> TimeAmount {
        let known = Lookup.found(AccountFacts(uid: 1001, gid: 1001))
        let waits = [known, .notFound, .cannotTell].map { found in
            pace.earliest(for: AccountAnswer(found: found, askedAt: askedAt, foundAt: askedAt + .microseconds(1)))
                - askedAt
        }
        #expect(Set(waits).count == 1)
        return waits[0]
    }

    @Test func `where nobody was looked for in vain nobody waits`() {
        #expect(wait(LookUpPace()) == .zero)
    }

    @Test func `it is thrice as long as the look-up takes`() {
        #expect(wait(pace(of: [40])) == .microseconds(120))
    }

    @Test func `of the last 32 the third is the measure, and of fewer the slowest`() {
        for times in [[62, 66, 70, 98], [98, 70, 66, 62], [70, 62, 98, 66], [66, 98, 62, 70]] as [[Int64]] {
            #expect(wait(pace(of: times)) == .microseconds(3 * 98))
            let quick = [Int64](repeating: 50, count: 27)
            #expect(wait(pace(of: times + quick)) == .microseconds(3 * 98))
            #expect(wait(pace(of: times + quick + [50])) == .microseconds(3 * 66))
        }
    }

    @Test func `two alike count as two`() {
        #expect(wait(pace(of: [70, 80, 80] + [Int64](repeating: 50, count: 29))) == .microseconds(3 * 70))
    }

    @Test func `a directory that has become quicker is noticed after 32, again and again`() {
        var pace = LookUpPace()
        for (slow, quick) in [(900, 40), (800, 30), (700, 20)] as [(Int64, Int64)] {
            for _ in 1...32 { note(slow, in: &pace) }
            for _ in 1...29 { note(quick, in: &pace) }
            #expect(wait(pace) == .microseconds(slow * 3))
            note(quick, in: &pace)
            #expect(wait(pace) == .microseconds(quick * 3))
        }
    }

    @Test func `nobody waits for longer than five milliseconds`() {
        #expect(wait(pace(of: [80_000])) == .milliseconds(5))
    }

    @Test func `a name that somebody has and one that cannot be told are no measure`() {
        var pace = pace(of: [40])
        for found in [.found(AccountFacts(uid: 1001, gid: 1001)), .cannotTell] as [Lookup] {
            note(900, of: found, in: &pace)
        }
        #expect(wait(pace) == .microseconds(120))
    }
}
