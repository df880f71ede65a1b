import Wire

/// How long the module waits for the daemon, in milliseconds. A person's time is the daemon's to limit.
public struct TimeLimits: Sendable {
    /// For a place in the listener's queue.
    public let connect: Int64
    /// For each frame, in both directions, unless a prompt announced a longer wait.
    public let reply: Int64
    /// The most that a prompt can announce.
    public let patience: Int64

    /// Limits of their own, for tests.
    public init(connect: Int64, reply: Int64, patience: Int64) {
        self.connect = connect
        self.reply = reply
        self.patience = patience
    }

    /// What the module ships with: 2 s, 10 s and 10 min.
    public static var shipped: TimeLimits {
        TimeLimits(
            connect: 2_000, reply: Int64(Wire.replySeconds) &* 1_000, patience: Int64(Wire.maximumPatience) &* 1_000)
    }

    /// How long the next frame may take after a prompt that announced so many seconds.
    func limit(afterAnnounced seconds: UInt16) -> Int64 {
        seconds == 0 ? reply : min(Int64(seconds) &* 1_000, patience)
    }
}
