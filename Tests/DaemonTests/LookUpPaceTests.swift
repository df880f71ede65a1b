import Daemon
import NIOCore
import Testing

/// By when it is known that nobody has a name, and so the soonest that anybody hears of one.
struct LookUpPaceTests {
    private let asked = NIODeadline.uptimeNanoseconds(1_000_000_000)

    /// Nobody is found after `found` µs, and heard of after `heard`.
    private func note(_ found: Int64, heard: Int64, in pace: inout LookUpPace) {
        pace.note(
            askedAt: asked, foundAt: asked + .microseconds(found), heardAt: asked + .microseconds(heard))
    }

    @Test func `where nobody was looked for in vain nobody waits`() {
        #expect(LookUpPace().usual == .zero)
    }

    @Test func `the measure is when it was heard, and not when it was found`() {
        var pace = LookUpPace()
        note(40, heard: 60, in: &pace)
        #expect(pace.usual == .microseconds(60))
    }

    @Test func `whoever types tells nothing of it`() {
        var pace = LookUpPace()
        note(40, heard: 140, in: &pace)
        note(40, heard: 141, in: &pace)
        note(40, heard: 2_000_000, in: &pace)
        #expect(pace.usual == .microseconds(140))
    }

    @Test func `the third of the last 32 is the measure, in whatever order they came`() {
        for order in [[61, 65, 70, 99], [99, 70, 65, 61], [70, 61, 99, 65], [65, 99, 61, 70]] as [[Int64]] {
            var pace = LookUpPace()
            for time in order { note(40, heard: time, in: &pace) }
            #expect(pace.usual == .microseconds(65))
        }
    }

    @Test func `two alike count as two`() {
        var pace = LookUpPace()
        for time in [60, 70, 70, 50] as [Int64] { note(40, heard: time, in: &pace) }
        #expect(pace.usual == .microseconds(60))
        note(40, heard: 70, in: &pace)
        #expect(pace.usual == .microseconds(70))
    }

    @Test func `a directory that has become quicker is noticed after 32`() {
        var pace = LookUpPace()
        for _ in 1...32 { note(900, heard: 950, in: &pace) }
        for _ in 1...29 { note(40, heard: 60, in: &pace) }
        #expect(pace.usual == .microseconds(950))
        note(40, heard: 60, in: &pace)
        #expect(pace.usual == .microseconds(60))
    }

    @Test func `nobody waits for longer than five milliseconds`() {
        var pace = LookUpPace()
        for _ in 1...3 { note(80_000, heard: 80_010, in: &pace) }
        #expect(pace.usual == .milliseconds(5))
    }
}
