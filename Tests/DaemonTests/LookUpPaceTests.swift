import Daemon
import NIOCore
import Testing

/// When a look-up is heard of.
struct LookUpPaceTests {
    private let askedAt = NIODeadline.uptimeNanoseconds(7)

    private func pace(of times: [Int64]) -> LookUpPace {
        var pace = LookUpPace()
        for time in times { pace.note(.microseconds(time)) }
        return pace
    }

    /// How long after its look-up a name is heard of at the soonest; the same for each.
    private func wait(_ pace: LookUpPace) -> TimeAmount {
        let known = Lookup.found(AccountFacts(uid: 1001, gid: 1001))
        let waits = [known, .notFound, .cannotTell].map { found in
            pace.earliest(for: NameAnswer(found: found, askedAt: askedAt)) - askedAt
        }
        #expect(Set(waits).count == 1)
        return waits[0]
    }

    @Test func `until there are 32 measures all wait for as long as anybody ever does`() {
        for count in 0...31 {
            let pace = pace(of: [Int64](repeating: 40, count: count))
            #expect(!pace.isMeasured)
            #expect(wait(pace) == .milliseconds(5))
        }
        #expect(pace(of: [Int64](repeating: 40, count: 32)).isMeasured)
    }

    @Test func `it is twice as long as the look-up takes`() {
        #expect(wait(pace(of: [Int64](repeating: 40, count: 32))) == .microseconds(80))
    }

    @Test func `what was asked behind the name comes on top`() {
        let pace = pace(of: [Int64](repeating: 40, count: 32))
        let answer = NameAnswer(found: true, askedAt: askedAt, rest: .microseconds(11))
        #expect(pace.earliest(for: answer) == askedAt + .microseconds(91))
    }

    @Test func `of the last 32 the third is the measure`() {
        for times in [[62, 66, 70, 98], [98, 70, 66, 62], [70, 62, 98, 66], [66, 98, 62, 70]] as [[Int64]] {
            #expect(wait(pace(of: times + [Int64](repeating: 50, count: 28))) == .microseconds(2 * 66))
        }
    }

    @Test func `two alike count as two`() {
        #expect(wait(pace(of: [70, 80, 80] + [Int64](repeating: 50, count: 29))) == .microseconds(2 * 70))
    }

    @Test func `a directory that has become quicker is noticed after 32, again and again`() {
        var pace = LookUpPace()
        for (slow, quick) in [(900, 40), (800, 30), (700, 20)] as [(Int64, Int64)] {
            for _ in 1...32 { pace.note(.microseconds(slow)) }
            for _ in 1...29 { pace.note(.microseconds(quick)) }
            #expect(wait(pace) == .microseconds(slow * 2))
            pace.note(.microseconds(quick))
            #expect(wait(pace) == .microseconds(quick * 2))
        }
    }

    @Test func `nobody waits for longer than five milliseconds`() {
        #expect(wait(pace(of: [Int64](repeating: 80_000, count: 32))) == .milliseconds(5))
    }
}
