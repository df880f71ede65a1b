import Synchronization

/// Gives the service manager its signs of life (systemd.service(5), WatchdogSec), for as long as logins can be judged.
///
/// Each begins on the event loop and is given by the writer's thread: if either hangs, none is given, and the service
/// manager starts the daemon anew. A store that cannot be used is no hang: the writer says so at once.
package final class Watchdog: Sendable {
    private struct State {
        var ticks: Int64 = 0
        var isAsking = false
    }

    /// Every how many ticks a sign is due.
    private let period: Int64
    private let alive: @Sendable () -> Void
    private let state = Mutex(State())

    /// `interval` is what the service manager has said, in milliseconds, and nil if it waits for nothing: then there
    /// is no watchdog. `alive` is called on the writer's thread.
    package init?(interval: Int64?, alive: @escaping @Sendable () -> Void) {
        guard let interval else { return nil }
        // Three in an interval: one that is late ends nobody.
        period = max(interval / 3000, 1)
        self.alive = alive
    }

    /// Called once a second, on the event loop.
    package func tick(_ writer: StoreWriter) {
        let isDue = state.withLock { state in
            let isDue = state.ticks % period == 0 && !state.isAsking
            state.ticks &+= 1
            // One question at a time: a writer that hangs is not buried in them.
            if isDue { state.isAsking = true }
            return isDue
        }
        guard isDue else { return }
        writer.perform { _ in self.answer() }
    }

    /// For the writer's thread, while a task there takes long and goes on: gives the sign that is being waited for.
    package func goesOn() {
        if state.withLock(\.isAsking) { answer() }
    }

    private func answer() {
        state.withLock { $0.isAsking = false }
        alive()
    }
}
