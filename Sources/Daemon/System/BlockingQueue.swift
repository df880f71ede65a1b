import Glibc

/// A queue that one thread sleeps at until somebody puts something in.
@safe
final class BlockingQueue<Element: Sendable>: @unchecked Sendable {
    // Sendable: `waiting` is touched under the mutex alone.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var waiting: [Element] = []

    init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    func put(_ element: Element) {
        unsafe pthread_mutex_lock(mutex)
        let wasEmpty = waiting.isEmpty
        waiting.append(element)
        unsafe pthread_mutex_unlock(mutex)
        if wasEmpty { unsafe pthread_cond_signal(condition) }
    }

    /// Puts something in unless `limit` things wait already; returns whether it did.
    func put(_ element: Element, unlessLongerThan limit: Int) -> Bool {
        unsafe pthread_mutex_lock(mutex)
        let count = waiting.count
        if count < limit { waiting.append(element) }
        unsafe pthread_mutex_unlock(mutex)
        if count == 0 { unsafe pthread_cond_signal(condition) }
        return count < limit
    }

    /// Everything that waits; sleeps while that is nothing.
    func takeAll() -> [Element] {
        unsafe pthread_mutex_lock(mutex)
        while waiting.isEmpty { unsafe pthread_cond_wait(condition, mutex) }
        var taken: [Element] = []
        swap(&taken, &waiting)
        unsafe pthread_mutex_unlock(mutex)
        return taken
    }
}
