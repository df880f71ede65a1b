internal import Authentication
internal import CPOSIX
internal import Synchronization

/// Hears of what other daemons change in a shared store, over a connection and on a thread of its own, so that nobody waits for it.
///
/// It only says that there is something to be looked at. A notice that it misses is found by whoever looks without one.
package final class NoticeListener: Sendable {
    /// What is listened to (PostgreSQL, "NOTIFY").
    static let channel = "twostep"

    private let place: PostgreSQLPlace
    private let isStopped = Atomic(false)
    private let isHearing = Atomic(false)

    package init(to place: PostgreSQLPlace) { self.place = place }

    /// Whether a notice would be heard now.
    package var isListening: Bool { isHearing.load(ordering: .relaxed) }

    /// Ends `run`, within a second or when the server that is being connected to has answered.
    package func stop() { isStopped.store(true, ordering: .relaxed) }

    /// Listens until it is stopped, and connects anew whenever that has come to an end; `hear` is called where something may
    /// have changed, and must not wait.
    package func run(_ hear: () -> Void) {
        while !isStopped.load(ordering: .relaxed) {
            do throws(ServerFault) {
                try listen(hear)
            } catch {
                isHearing.store(false, ordering: .relaxed)
                // Somebody has ended it: the server may be gone, and whoever uses the store looks.
                hear()
            }
            _ = poll(nil, 0, 1000)
        }
        isHearing.store(false, ordering: .relaxed)
    }

    private func listen(_ hear: () -> Void) throws(ServerFault) {
        guard let connection = try? ServerConnection.open(to: place) else { return }
        _ = try connection.run(
            ServerQuery("LISTEN \(NoticeListener.channel)"), by: ServerClock.now + ServerClock.limit)
        isHearing.store(true, ordering: .relaxed)
        // What was said before was not heard.
        hear()
        while !isStopped.load(ordering: .relaxed) {
            if try connection.awaitNotice(milliseconds: 500) { hear() }
        }
    }
}
