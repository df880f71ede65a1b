import Authentication
import Testing

/// The clock on the wall against the one that nobody sets.
@Suite struct ClockTests {
    private static let start = Moment(wall: 1_800_000_000, boottime: 5_000_400, boot: 1)

    struct Look: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var wall: Int64 = 0
        var milliseconds: Int64 = 0
        var jump: Int64?
    }

    static let looks = [
        Look(testDescription: "a second later", wall: 1, milliseconds: 1000),
        Look(testDescription: "an hour later, most of it suspended", wall: 3600, milliseconds: 3_600_000),
        Look(testDescription: "29 s forward", wall: 30, milliseconds: 1000),
        Look(testDescription: "29 s back", wall: -28, milliseconds: 1000),
        Look(testDescription: "a time step forward", wall: 31, milliseconds: 1000, jump: 30),
        Look(testDescription: "a time step back", wall: -29, milliseconds: 1000, jump: -30),
        Look(testDescription: "an hour back", wall: -3600, milliseconds: 0, jump: -3600),
        Look(
            testDescription: "to the end of numbers", wall: .max - start.wall, milliseconds: 0, jump: .max - start.wall),
    ]

    @Test(arguments: looks) func `a jump of a time step or more is seen, and no lesser one`(_ look: Look) {
        var watch = ClockWatch(ClockTests.start)
        var now = ClockTests.start
        now.wall += look.wall
        now.boottime += look.milliseconds
        #expect(watch.look(at: now) == look.jump)
        // Once: from then on the clock goes as it was set.
        now.wall = now.wall.addingReportingOverflow(1).overflow ? now.wall : now.wall + 1
        now.boottime += 1000
        #expect(watch.look(at: now) == nil)
    }

    @Test func `no number traps`() {
        for (from, to) in [(Int64.min, Int64.max), (.max, .min), (.min, .min), (0, .min)] {
            for (before, after) in [(Int64.min, Int64.max), (.max, .min), (0, 0)] {
                var watch = ClockWatch(Moment(wall: from, boottime: before, boot: 1))
                let jump = watch.look(at: Moment(wall: to, boottime: after, boot: 1))
                #expect(jump == nil || from != to || before != after)
                #expect(
                    !ClockDoubt.all(
                        at: Moment(wall: to, boottime: 0, boot: 1), lastUse: from, isSynchronized: nil
                    ).contains(.notSynchronized))
            }
        }
    }

    @Test func `of two boots nothing is compared`() {
        var watch = ClockWatch(ClockTests.start)
        #expect(watch.look(at: Moment(wall: 0, boottime: 0, boot: 2)) == nil)
    }

    struct Doubts: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var wall = start.wall
        var lastUse: Int64?
        var isSynchronized: Bool? = true
        var found: [ClockDoubt] = []
    }

    static let doubts = [
        Doubts(testDescription: "nothing"),
        Doubts(testDescription: "what is not known", isSynchronized: nil),
        Doubts(testDescription: "used a moment ago", lastUse: start.wall - 1),
        Doubts(
            testDescription: "used in this very second, by a clock that was corrected since", lastUse: start.wall + 29),
        Doubts(
            testDescription: "used later than now", lastUse: start.wall + 30, found: [.beforeLastUse(start.wall + 30)]),
        Doubts(testDescription: "1970", wall: 5, found: [.beforeBuild]),
        Doubts(testDescription: "a second before the build", wall: ClockDoubt.builtAfter - 1, found: [.beforeBuild]),
        Doubts(testDescription: "the build", wall: ClockDoubt.builtAfter),
        Doubts(testDescription: "nobody keeps it right", isSynchronized: false, found: [.notSynchronized]),
        Doubts(
            testDescription: "all at once", wall: 5, lastUse: 100, isSynchronized: false,
            found: [.beforeBuild, .beforeLastUse(100), .notSynchronized]),
    ]

    @Test(arguments: doubts) func `what makes it doubtful is said, and nothing else`(_ row: Doubts) {
        let now = Moment(wall: row.wall, boottime: 0, boot: 1)
        #expect(ClockDoubt.all(at: now, lastUse: row.lastUse, isSynchronized: row.isSynchronized) == row.found)
    }
}
