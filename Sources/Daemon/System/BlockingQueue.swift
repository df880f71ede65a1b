/// A queue that one thread sleeps at until somebody puts something in.
final class BlockingQueue<Element: Sendable>: @unchecked Sendable {
    // Sendable: what varies is touched within the monitor alone.
    private let monitor = Monitor()
    private var waiting: [Element] = []
    private var isTakerAsleep = false

    func put(_ element: Element) {
        let mustWake = monitor.withLock {
            waiting.append(element)
            return wakesTaker()
        }
        if mustWake { monitor.signal() }
    }

    /// Puts something in unless `limit` things wait already; returns whether it did. A quiet one wakes nobody: it waits
    /// for `wake` or for one that is not.
    func put(_ element: Element, unlessLongerThan limit: Int, isQuiet: Bool = false) -> Bool {
        let (isIn, mustWake) = monitor.withLock {
            guard waiting.count < limit else { return (false, wakesTaker()) }
            waiting.append(element)
            return (true, isQuiet ? false : wakesTaker())
        }
        if mustWake { monitor.signal() }
        return isIn
    }

    /// Wakes the thread that takes, if there is anything for it.
    func wake() {
        if monitor.withLock({ !waiting.isEmpty && wakesTaker() }) { monitor.signal() }
    }

    /// Everything that waits; sleeps while that is nothing.
    func takeAll() -> [Element] {
        monitor.withLock {
            while waiting.isEmpty {
                isTakerAsleep = true
                monitor.wait()
            }
            isTakerAsleep = false
            var taken: [Element] = []
            swap(&taken, &waiting)
            return taken
        }
    }

    /// Whether the taker has to be woken; it is not woken twice.
    private func wakesTaker() -> Bool {
        defer { isTakerAsleep = false }
        return isTakerAsleep
    }
}
