import Glibc

/// A mutex with a condition: what threads sleep at until another one says that something has changed.
@safe
final class Monitor: @unchecked Sendable {
    // Sendable: pthread's own, and never moved.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

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

    /// Runs `body` while no other thread is in here.
    func withLock<Result>(_ body: () -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body()
    }

    /// Sleeps until somebody signals, within `withLock`, which lets others in meanwhile. It may return for no reason.
    func wait() { unsafe pthread_cond_wait(condition, mutex) }

    /// Wakes one that sleeps.
    func signal() { unsafe pthread_cond_signal(condition) }

    /// Wakes all that sleep.
    func signalAll() { unsafe pthread_cond_broadcast(condition) }
}
