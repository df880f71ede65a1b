import CPOSIX

/// A moment on CLOCK_BOOTTIME, in milliseconds: it counts suspend, and nobody can set it.
public struct Deadline: Equatable, Comparable, Sendable {
    /// The clock's reading at that moment.
    public let milliseconds: Int64

    /// A moment by the clock's reading.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// So many milliseconds from now; a negative span is now.
    public static func after(milliseconds: Int64) -> Deadline {
        Deadline(milliseconds: posix_boottime_milliseconds() &+ max(milliseconds, 0))
    }

    /// What is left, in milliseconds: 0 or more, at most an hour, so that it fits poll(2).
    public var remaining: Int32 {
        let left = milliseconds &- posix_boottime_milliseconds()
        return Int32(truncatingIfNeeded: min(max(left, 0), 3_600_000))
    }

    /// Whether one moment comes before another.
    public static func < (left: Deadline, right: Deadline) -> Bool { left.milliseconds < right.milliseconds }
}
