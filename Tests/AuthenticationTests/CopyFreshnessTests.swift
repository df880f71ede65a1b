import Authentication
import Testing

@Suite("A copy stands in for so long and no longer, whatever the clocks are set to")
struct CopyFreshnessTests {
    /// What a copy that was fresh at 1000 on the wall, 50 s into boot 7, is good for within 600 s.
    struct Row: Sendable, CustomTestStringConvertible {
        let what: String
        let now: Moment
        var seenAt: Int64 = 1000
        let standing: CopyFreshness.Standing

        var testDescription: String { what }
    }

    private static let rows = [
        Row(what: "at once", now: at(1000, 50, 7), standing: .good(secondsLeft: 600)),
        Row(what: "in its last second", now: at(1600, 650, 7), standing: .good(secondsLeft: 0)),
        Row(what: "a second later", now: at(1601, 651, 7), standing: .stale(seconds: 601)),
        Row(what: "the clock was set back", now: at(10, 651, 7), standing: .stale(seconds: 601)),
        Row(what: "the clock was set back, and it is good yet", now: at(10, 60, 7), standing: .good(secondsLeft: 590)),
        Row(what: "the clock was set forward", now: at(9000, 60, 7), standing: .stale(seconds: 8000)),
        Row(what: "after another boot", now: at(1600, 3, 8), standing: .good(secondsLeft: 0)),
        Row(what: "after another boot, too late", now: at(1601, 3, 8), standing: .stale(seconds: 601)),
        Row(what: "after another boot, with a clock that was set back", now: at(999, 3, 8), standing: .cannotTell),
        Row(
            what: "after another boot, with a clock before what was seen", now: at(1100, 3, 8), seenAt: 1101,
            standing: .cannotTell),
        Row(
            what: "after another boot, with a clock that was seen", now: at(1101, 3, 8), seenAt: 1101,
            standing: .good(secondsLeft: 499)),
        Row(what: "boots that nobody can tell apart", now: at(1601, 55, 0), standing: .stale(seconds: 601)),
        Row(what: "time since the boot that runs backwards", now: at(1000, 49, 7), standing: .cannotTell),
        Row(what: "no time that there is", now: Moment(wall: .min, boottime: 0, boot: 8), standing: .cannotTell),
    ]

    private static func at(_ wall: Int64, _ seconds: Int64, _ boot: Int64) -> Moment {
        Moment(wall: wall, boottime: seconds * 1000, boot: boot)
    }

    @Test(arguments: rows)
    func `is judged by both clocks`(_ row: Row) {
        let freshness = CopyFreshness(freshAt: CopyFreshnessTests.at(1000, 50, 7), seenAt: row.seenAt)
        #expect(freshness.standing(at: row.now, for: 600) == row.standing)
    }

    @Test func `what was seen is never less than when it was fresh`() {
        #expect(CopyFreshness(freshAt: CopyFreshnessTests.at(1000, 50, 7), seenAt: 3).seenAt == 1000)
    }
}
