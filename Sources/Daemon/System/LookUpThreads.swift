import NIOCore

/// Threads for questions that are answered at once as a rule, and may take long.
///
/// One thread answers them all for as long as it is quick: waking another one costs more than looking a name up in
/// a file. Whoever asks looks after those that wait, and sends help where the one before them takes long.
final class LookUpThreads: @unchecked Sendable {
    // Sendable: what varies is touched within the monitor alone.
    private let monitor = Monitor()
    private let most: Int
    private var waiting = CircularBuffer<@Sendable () -> Void>()
    /// How many threads are at work, woken ones included.
    private var atWork = 0
    /// How many of them have been woken and have not begun.
    private var woken = 0
    /// How many may be at work without help having been sent: those that are stuck, and one.
    private var usual = 1
    private var isStopped = false
    /// How many threads there still are, and who hears that there are none.
    private var alive: Int
    private var whenEnded: (@Sendable () -> Void)?

    init(_ most: Int, named name: String) {
        self.most = most
        alive = most
        for _ in 0..<most { DetachedThread.start(named: name) { [self] in run() } }
    }

    /// Has questions answered, at most `limit` of them together with those that wait already. Returns how many of them
    /// that is, and whether they have to wait for the one before them.
    func put(_ questions: [@Sendable () -> Void], limit: Int) -> (taken: Int, mustWait: Bool) {
        let (taken, isHelped) = monitor.withLock { () -> (Int, Bool) in
            let taken = min(questions.count, max(limit - waiting.count, 0))
            waiting.append(contentsOf: questions.prefix(taken))
            guard taken > 0, atWork < usual else { return (taken, false) }
            callOne()
            return (taken, true)
        }
        if isHelped { monitor.signal() }
        return (taken, !isHelped)
    }

    /// Sends another thread to those that still wait; returns whether there are any.
    func help() -> Bool {
        let (isWaiting, isHelped) = monitor.withLock { () -> (Bool, Bool) in
            guard !waiting.isEmpty else { return (false, false) }
            guard atWork < most, woken == 0 else { return (true, false) }
            callOne()
            return (true, true)
        }
        if isHelped { monitor.signal() }
        return isWaiting
    }

    /// Ends the threads, each after what it is about, and returns when that is done.
    func stop() async {
        await withCheckedContinuation { continuation in
            let isOver = monitor.withLock {
                isStopped = true
                waiting.removeAll()
                monitor.signalAll()
                guard alive > 0 else { return true }
                whenEnded = { continuation.resume() }
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    /// Counts one in that is to be woken, by a signal outside the monitor: within it, it would wake to wait at its door.
    private func callOne() {
        atWork += 1
        woken += 1
    }

    private func run() {
        while true {
            let mayGoOn = monitor.withLock {
                while woken == 0, !isStopped { monitor.wait() }
                guard !isStopped else { return false }
                woken -= 1
                return true
            }
            guard mayGoOn else { break }
            while let question = next() { question() }
        }
        let report = monitor.withLock {
            alive -= 1
            return alive == 0 ? whenEnded : nil
        }
        report?()
    }

    /// The next question for a thread that is at work; without one it is so no more.
    private func next() -> (@Sendable () -> Void)? {
        monitor.withLock {
            if let question = waiting.popFirst() { return question }
            atWork -= 1
            // Whoever is still at work then has been for long.
            usual = min(atWork + 1, most)
            return nil
        }
    }
}
