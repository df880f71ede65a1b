/// What the store's writer has brought to the disk, since the start.
package struct CommitStatistics: Equatable, Sendable {
    /// In seconds, from the first attempt's judgement to the flush; 0.1 ms to 10 s.
    package private(set) var durations = Histogram(upTo: [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
    ])
    /// How many attempts shared a commit.
    package private(set) var sizes = Histogram(upTo: [1, 2, 4, 8, 16, 32, 64, 128, 256, 1024])
    /// Groups that could not be made durable.
    package private(set) var failures = 0

    package init() {}

    /// A group of so many attempts has taken so long, in nanoseconds.
    mutating func count(_ attempts: Int, nanoseconds: Int64, succeeded: Bool) {
        guard succeeded else {
            failures += 1
            return
        }
        durations.observe(Double(max(nanoseconds, 0)) / 1e9)
        sizes.observe(Double(attempts))
    }
}
