/// The security keys that are plugged in at the machine itself.
package protocol SecurityKeys: Sendable {
    /// Has them asked, and waits for it: at most until `deadline` (milliseconds on CLOCK_BOOTTIME) and the question's own
    /// seconds, and no longer than somebody waits for the answer.
    func ask(
        _ question: SecurityKeyQuestion, until deadline: Int64, whileAwaited isAwaited: @escaping @Sendable () -> Bool
    ) -> SecurityKeyAnswer
}
