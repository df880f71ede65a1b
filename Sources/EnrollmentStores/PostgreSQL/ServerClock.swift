internal import CPOSIX

/// Time for waiting: milliseconds that nobody can set.
enum ServerClock {
    static var now: Int64 {
        var time = timespec()
        guard unsafe clock_gettime(CLOCK_MONOTONIC, &time) == 0 else { return 0 }
        return Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000
    }

    /// How long the server may take for one transaction, with all that is tried again. The module waits ten seconds for each answer
    /// of the daemon, and a group may have to wait for the one before it.
    static let limit: Int64 = 4000
}
