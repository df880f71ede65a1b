import Daemon
import NIOCore
import Testing

/// By when it is known that nobody has a name, and so the soonest that anybody hears of one.
struct LookUpPaceTests {
    private func pace(of times: [Int64]) -> LookUpPace {
        var pace = LookUpPace()
        for time in times { pace.note(.microseconds(time)) }
        return pace
    }

    @Test func `where nobody was looked for in vain nobody waits`() {
        #expect(LookUpPace().usual == .zero)
    }

    @Test func `it is thrice as long as the look-up takes`() {
        #expect(pace(of: [40]).usual == .microseconds(120))
    }

    @Test func `of the last 32 the third is the measure, and of fewer the slowest`() {
        for times in [[62, 66, 70, 98], [98, 70, 66, 62], [70, 62, 98, 66], [66, 98, 62, 70]] as [[Int64]] {
            #expect(pace(of: times).usual == .microseconds(3 * 98))
            let quick = [Int64](repeating: 50, count: 27)
            #expect(pace(of: times + quick).usual == .microseconds(3 * 98))
            #expect(pace(of: times + quick + [50]).usual == .microseconds(3 * 66))
        }
    }

    @Test func `two alike count as two`() {
        #expect(pace(of: [70, 80, 80] + [Int64](repeating: 50, count: 29)).usual == .microseconds(3 * 70))
    }

    @Test func `a directory that has become quicker is noticed after 32, again and again`() {
        var pace = LookUpPace()
        for (slow, quick) in [(900, 40), (800, 30), (700, 20)] as [(Int64, Int64)] {
            for _ in 1...32 { pace.note(.microseconds(slow)) }
            for _ in 1...29 { pace.note(.microseconds(quick)) }
            #expect(pace.usual == .microseconds(slow * 3))
            pace.note(.microseconds(quick))
            #expect(pace.usual == .microseconds(quick * 3))
        }
    }

    @Test func `nobody waits for longer than five milliseconds`() {
        #expect(pace(of: [80_000]).usual == .milliseconds(5))
    }
}
