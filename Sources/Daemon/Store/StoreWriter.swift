package import Authentication
import Glibc
import Synchronization

/// The one thread that writes: it takes whatever waits, has it judged in one transaction, and reports once that is
/// on disk. A lone login waits for nobody, and logins that arrive together share one flush.
///
/// A store that cannot be opened leaves the writer running: every attempt is then unavailable, and the store is
/// tried again, so that a repaired one is picked up without a restart.
package final class StoreWriter: Sendable {
    /// Hears the outcomes once they are durable, with the credentials that there are of those asked for along with them.
    package typealias Delivery = @Sendable ([Outcome], [UserKey: AccountName]) -> Void

    /// What is to be done, in the order in which it came.
    private enum Work: Sendable {
        case attempts([Attempt], readingCredentialsOf: [UserKey], Delivery)
        case task(@Sendable (Result<any EnrollmentStore, StoreFailure>) -> Void)
        case check
        case reopen
        case stop
    }

    /// When something is due that is done no oftener than once in a while, in nanoseconds of `Monotonic`.
    private struct Pace {
        var interval: Int64
        var next: Int64 = 0

        init(seconds: Int64) { interval = seconds * 1_000_000_000 }

        mutating func isDue(at now: Int64) -> Bool {
            guard now >= next else { return false }
            // The looks come once a second, a little sooner or later.
            next = now + interval - 500_000_000
            return true
        }
    }

    private let queue: BlockingQueue<Work>
    private let open: @Sendable () throws(StoreFailure) -> any EnrollmentStore
    private let standing = Mutex<StoreFailure?>(.unreachable("not opened yet"))
    private let users = Mutex<(any UserDatabase)?>(nil)
    private let opening = Mutex<(@Sendable () throws(StoreFailure) -> any StoreReading)?>(nil)
    private let blocked = Mutex<[AccountName: AccountBlock]>([:])
    private let changes = Mutex(StoreChanges())
    /// Who is told that there are any.
    private let listener = Mutex<(@Sendable () -> Void)?>(nil)
    /// Who is told that a task which takes long goes on.
    private let patient = Mutex<(@Sendable () -> Void)?>(nil)
    /// Whether a notice of others waits for a look at the store.
    private let isNoticed = Atomic(false)
    /// When a shared store is asked what others have changed.
    private let asking = Mutex(Pace(seconds: 1))
    /// When a store that could not write tries to: a server's standby that is away holds the writer for seconds each time.
    private let trying = Mutex(Pace(seconds: 10))
    private let stopped = BlockingQueue<Bool>()
    private let commits = Mutex(CommitStatistics())

    /// `open` is called on the writer's thread, and again after a failure.
    package init(_ open: @escaping @Sendable () throws(StoreFailure) -> any EnrollmentStore) {
        self.open = open
        queue = BlockingQueue()
    }

    /// What is wrong with the store; nil if nothing is.
    package var problem: StoreFailure? { standing.withLock { $0 } }

    /// What was brought to the disk since the start.
    package var commitStatistics: CommitStatistics { commits.withLock { $0 } }

    /// What providers may look at, from threads of their own.
    package var userDatabase: any UserDatabase {
        users.withLock { $0 } ?? NoUserDatabase(problem ?? .unreachable("the store is closed"))
    }

    /// Opens what lists and reports read, on a thread of theirs; nil while there is no store, and for one that is read on the
    /// writer's thread only.
    package var reading: (@Sendable () throws(StoreFailure) -> any StoreReading)? { opening.withLock { $0 } }

    /// The accounts that are blocked, as the store has them: read when it is opened, since every login looks at them.
    /// While no store can be used they say nothing, and nobody is admitted.
    package var blocks: [AccountName: AccountBlock] { blocked.withLock { $0 } }

    /// Takes over what the store has of blocked accounts now; for tasks that have changed it.
    package func readBlocks(of store: any EnrollmentStore) throws(StoreFailure) {
        let found = try store.blocks()
        blocked.withLock { $0 = Dictionary(uniqueKeysWithValues: found.map { ($0.account, $0) }) }
    }

    /// Whether attempts can be judged at all. A full disk is found out by each attempt, since it may have room again.
    package var isOpen: Bool {
        switch problem {
        case nil, .notDurable: true
        case .unreachable, .newer, .damaged, .inUse, .sealedWithAnotherKey: false
        }
    }

    /// Starts the thread; returns when the store has been tried for the first time.
    package func start() {
        let ready = BlockingQueue<Bool>()
        DetachedThread.start(named: "twostep-store") { [self] in
            var store = tryToOpen()
            ready.put(true)
            run(&store)
            stopped.put(true)
        }
        _ = ready.takeAll()
    }

    /// Finishes what waits, closes the store, and returns when that is done; or after so many seconds, where the disk or a
    /// lock hangs. What is in the store is whole then, too.
    package func stop(atMost seconds: UInt32 = 5) {
        queue.put(.stop)
        let stopped = stopped
        DetachedThread.start(named: "twostep-stop") {
            sleep(seconds)
            stopped.put(false)
        }
        _ = stopped.takeAll()
    }

    /// Judges these attempts; `deliver` is called on the writer's thread when the outcomes are durable.
    package func submit(
        _ attempts: [Attempt], readingCredentialsOf users: [UserKey] = [], deliver: @escaping Delivery
    ) {
        queue.put(.attempts(attempts, readingCredentialsOf: users, deliver))
    }

    /// Runs `task` on the store between two groups.
    package func perform(_ task: @escaping @Sendable (Result<any EnrollmentStore, StoreFailure>) -> Void) {
        queue.put(.task(task))
    }

    /// Looks whether the store is still where it was opened, and tries one again that could not be; called once a second.
    package func check() { queue.put(.check) }

    /// Asks a shared store at once what others have changed: they have said that there is something.
    package func noticed() {
        // However many notices there are, one look is enough for all that come before it.
        if !isNoticed.exchange(true, ordering: .acquiringAndReleasing) { queue.put(.check) }
    }

    /// Asks a shared store without a notice no oftener than once in so many seconds.
    package func ask(every seconds: Int64) {
        asking.withLock { $0 = Pace(seconds: seconds) }
    }

    /// Has `body` called on the writer's thread when others have changed something; nil for nobody.
    package func onChanges(_ body: (@Sendable () -> Void)?) { listener.withLock { $0 = body } }

    /// Has `body` called, on the writer's thread, while a task there takes long and goes on; nil for nobody.
    package func onLongTasks(_ body: (@Sendable () -> Void)?) { patient.withLock { $0 = body } }

    /// For a task that takes long: whoever would take the writer to hang is told that it goes on.
    package func goesOn() { patient.withLock { $0 }?() }

    /// Closes the store and opens what `open` returns now: the configuration names another one.
    package func reopen() { queue.put(.reopen) }

    /// What others have changed in a shared store since the last call; what was remembered of it has to be forgotten.
    package func takeChanges() -> StoreChanges {
        changes.withLock { changes in
            defer { changes = StoreChanges() }
            return changes
        }
    }

    /// Attempts that share a transaction, and who hears what came of which of them.
    private struct Group {
        var attempts: [Attempt] = []
        var users: [UserKey] = []
        var deliveries: [(count: Int, deliver: Delivery)] = []
    }

    private func run(_ store: inout (any EnrollmentStore)?) {
        while true {
            var group = Group()
            var mustStop = false
            for work in queue.takeAll() {
                switch work {
                case .attempts(let more, readingCredentialsOf: let users, let deliver):
                    group.attempts.append(contentsOf: more)
                    group.users.append(contentsOf: users)
                    group.deliveries.append((more.count, deliver))
                case .task(let task):
                    // What came before it is judged before it.
                    commit(&group, &store)
                    if let store { task(.success(store)) } else { task(.failure(problem ?? .unreachable("closed"))) }
                case .check: check(&store)
                case .reopen:
                    commit(&group, &store)
                    close(&store)
                    store = tryToOpen()
                case .stop: mustStop = true
                }
            }
            commit(&group, &store)
            if mustStop { return close(&store) }
        }
    }

    private func commit(_ group: inout Group, _ store: inout (any EnrollmentStore)?) {
        guard !group.attempts.isEmpty else { return }
        let judged = judge(group, &store)
        var start = 0
        for (count, deliver) in group.deliveries {
            deliver(Array(judged.outcomes[start..<(start + count)]), start == 0 ? judged.credentials : [:])
            start += count
        }
        group = Group()
    }

    private func judge(_ group: Group, _ store: inout (any EnrollmentStore)?) -> Judged {
        let attempts = group.attempts
        let unavailable = Judged([Outcome](repeating: .unavailable(.storeUnavailable), count: attempts.count))
        guard let opened = store else { return unavailable }
        let start = Monotonic.nanoseconds
        var isDurable = false
        defer {
            let taken = Monotonic.nanoseconds - start
            commits.withLock { $0.count(attempts.count, nanoseconds: taken, succeeded: isDurable) }
        }
        do throws(StoreFailure) {
            let judged = try opened.commit(attempts, reading: group.users)
            isDurable = true
            if standing.withLock({ $0 }) != nil { standing.withLock { $0 = nil } }
            return judged.outcomes.count == attempts.count ? judged : unavailable
        } catch {
            standing.withLock { $0 = error }
            switch error {
            case .notDurable: break
            case .unreachable, .newer, .damaged, .inUse, .sealedWithAnotherKey: close(&store)
            }
            return unavailable
        }
    }

    private func check(_ store: inout (any EnrollmentStore)?) {
        // Before the look: what is said during it is looked at again.
        let isNoticed = isNoticed.exchange(false, ordering: .acquiringAndReleasing)
        guard let opened = store else {
            store = tryToOpen()
            return
        }
        do throws(StoreFailure) {
            try opened.checkPlace()
            try tryWriting(opened)
            let isDue = asking.withLock { $0.isDue(at: Monotonic.nanoseconds) }
            guard isDue || isNoticed, let found = try opened.changesByOthers() else { return }
            try readBlocks(of: opened)
            guard !found.isNothing else { return }
            changes.withLock { $0.add(found) }
            listener.withLock { $0 }?()
        } catch {
            standing.withLock { $0 = error }
            close(&store)
        }
    }

    /// Finds out whether a store in which nothing could be made durable is well again, should there be no login that would: until
    /// then administrators and monitoring hear that it is not.
    private func tryWriting(_ store: any EnrollmentStore) throws(StoreFailure) {
        guard case .notDurable = problem, trying.withLock({ $0.isDue(at: Monotonic.nanoseconds) }) else { return }
        do throws(StoreFailure) {
            try store.tryWriting()
            standing.withLock { $0 = nil }
        } catch {
            guard case .notDurable = error else { throw error }
            standing.withLock { $0 = error }
        }
    }

    private func close(_ store: inout (any EnrollmentStore)?) {
        users.withLock { $0 = nil }
        opening.withLock { $0 = nil }
        store = nil
    }

    private func tryToOpen() -> (any EnrollmentStore)? {
        do throws(StoreFailure) {
            let opened = try open()
            try readBlocks(of: opened)
            let database = opened.userDatabase
            users.withLock { $0 = database }
            let reading = opened.reading
            opening.withLock { $0 = reading }
            standing.withLock { $0 = nil }
            return opened
        } catch {
            standing.withLock { $0 = error }
            return nil
        }
    }
}
