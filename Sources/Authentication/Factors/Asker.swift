/// Whoever waits for what is said of a guess.
package protocol Asker: Sendable {
    /// Until when, in milliseconds on CLOCK_BOOTTIME.
    var deadline: Int64 { get }
    /// Whether he still does.
    var isWaiting: Bool { get }
}
