import Authentication
import Cryptography
import NIOCore

/// What all logins share: sessions, the way to the store, the directory, the configuration in force.
///
/// It belongs to the event loop. Attempts that one tick brings go to the writer together, and their outcomes come
/// back together.
final class LoginService {
    let loop: any EventLoop
    let clocks: any Clocks
    let journal: any Journal
    let writer: StoreWriter
    let directory: DirectoryDesk
    let slowWork: SlowWork
    var sessions: SessionTable
    /// The configuration that new logins follow; those under way keep theirs.
    var generation: Generation
    private(set) var tally = LoginTally()
    var connections = ConnectionTable()
    private var strangers = StrangerLog()
    private var waiting: [(attempt: Attempt, deliver: (Outcome) -> Void)] = []
    private var knownCredentials = KnownCredentials()

    init(
        on loop: any EventLoop, clocks: any Clocks, journal: any Journal, writer: StoreWriter,
        accounts: any AccountDirectory, generation: Generation
    ) {
        self.loop = loop
        self.clocks = clocks
        self.journal = journal
        self.writer = writer
        self.generation = generation
        directory = DirectoryDesk(accounts, on: loop)
        slowWork = SlowWork(on: loop)
        let active = generation.active
        sessions = SessionTable(capacity: active?.sessionCapacity ?? 20_000, reserve: active?.sessionReserve ?? 1_000)
    }

    // MARK: Sessions

    /// Opens a validation session for a step; fails if the table is full or there is no randomness.
    func openSession(
        account: AccountName, provider: ProviderID, step: Step, plan: Plan, isRoot: Bool
    ) -> Result<ValidationSession, SessionTable.Failure> {
        var random = [UInt8](repeating: 0, count: 16)
        do {
            var span = random.mutableSpan
            try fillRandom(&span)
        } catch {
            journal.error("no random bytes for a session: \(error)")
            return .failure(.full)
        }
        let id = ValidationSession.ID(
            high: random[0..<8].reduce(0) { $0 << 8 | UInt64($1) },
            low: random[8..<16].reduce(0) { $0 << 8 | UInt64($1) })
        let session = ValidationSession(
            id: id, account: account, provider: provider, step: step,
            deadline: clocks.now().boottime + plan.sessionLifetime, triesLeft: plan.tries)
        do throws(SessionTable.Failure) {
            try sessions.open(session, isRoot: isRoot)
            return .success(session)
        } catch {
            return .failure(error)
        }
    }

    /// The validation sessions that are open, with what is to be known of them; the longest to live first.
    var openSessions: [OpenSession] {
        connections.handlers.compactMap(\.openSession).sorted { $0.session.deadline > $1.session.deadline }
    }

    /// Ends the login that has this session; returns whether there was one.
    func endSession(_ id: ValidationSession.ID) -> Bool {
        guard let handler = connections.handlers.first(where: { $0.openSession?.session.id == id }) else {
            return false
        }
        handler.endSession()
        return true
    }

    // MARK: The store

    /// Has an attempt judged; `deliver` is called on the event loop once the outcome is durable.
    func submit(_ attempt: Attempt, deliver: @escaping (Outcome) -> Void) {
        if waiting.isEmpty {
            // What the rest of this tick brings goes along.
            let service = NIOLoopBound(self, eventLoop: loop)
            loop.execute { service.value.flush() }
        }
        waiting.append((attempt, deliver))
    }

    private func flush() {
        let group = waiting
        waiting.removeAll(keepingCapacity: true)
        let loop = loop
        let deliveries = NIOLoopBound(group.map(\.deliver), eventLoop: loop)
        writer.submit(group.map(\.attempt)) { outcomes in
            loop.execute {
                for (deliver, outcome) in zip(deliveries.value, outcomes) { deliver(outcome) }
            }
        }
    }

    /// The local account that a username's credentials open; they are created for `account`, if there are none.
    func credentials(
        of user: UserKey, createdFor account: AccountName?, deliver: @escaping (Credentials) -> Void
    ) {
        if let known = knownCredentials[user] { return deliver(.account(known)) }
        let now = clocks.now()
        ask { store throws(StoreFailure) -> AccountName? in
            if let existing = try store.credentials(of: user) { return existing }
            guard let account, case .linked = try store.link(user, to: account, at: now) else { return nil }
            return account
        } deliver: { answer in
            switch answer {
            case .success(let account?):
                self.knownCredentials[user] = account
                deliver(.account(account))
            case .success(nil): deliver(.refused)
            case .failure: deliver(.unavailable)
            }
        }
    }

    /// The devices of an account; nil if that cannot be told.
    func devices(of account: AccountName, deliver: @escaping ([DeviceListing]?) -> Void) {
        ask { store throws(StoreFailure) in
            try store.devices(of: account)
        } deliver: {
            deliver(try? $0.get())
        }
    }

    /// Has the store asked on the writer's thread, and hears of it on the event loop.
    func ask<Value: Sendable>(
        _ question: @escaping @Sendable (any EnrollmentStore) throws(StoreFailure) -> Value,
        deliver: @escaping (Result<Value, StoreFailure>) -> Void
    ) {
        let loop = loop
        let delivery = NIOLoopBound(deliver, eventLoop: loop)
        writer.perform { store in
            let answer: Result<Value, StoreFailure>
            do throws(StoreFailure) {
                answer = .success(try question(try store.get()))
            } catch {
                answer = .failure(error)
            }
            loop.execute { delivery.value(answer) }
        }
    }

    /// Forgets what is known of credentials: they were changed by an administrator.
    func forgetCredentials() { knownCredentials = KnownCredentials() }

    // MARK: The end

    /// A login has ended: it is counted and recorded.
    func ended(_ record: LoginRecord) {
        tally.count(record.verdict)
        // A decision on the word of somebody who is believed, and whoever was let in, is always recorded.
        if record.request?.origin == .trusted || record.verdict == .granted {
            journal.record(record.entry)
        } else {
            write(record.entry, about: record.peer)
        }
    }

    /// Writes an entry about a caller; those about callers other than uid 0 are limited.
    func write(_ entry: JournalEntry, about uid: UInt32) {
        guard uid == 0 || strangers.admits(uid, at: clocks.now(), { journal.warning($0) }) else { return }
        journal.record(entry)
    }

    /// What expires while nobody answers; called once a second while anything is open.
    func sweep() {
        let now = clocks.now()
        for handler in connections.handlers { handler.sweep(at: now) }
        sessions.sweep(at: now)
    }

    /// Ends all logins under way, and the threads that serve them.
    func stop() {
        for handler in connections.handlers { handler.shutDown() }
        directory.stop()
        slowWork.stop()
    }
}

/// How many logins ended how, since the daemon started.
package struct LoginTally: Equatable, Sendable {
    package var granted = 0
    package var refused = 0
    package var unavailable = 0
    package var abandoned = 0

    mutating func count(_ verdict: Verdict) {
        switch verdict {
        case .granted, .exempt, .skipped: granted += 1
        case .denied, .triesUsedUp: refused += 1
        case .unavailable, .badArgument: unavailable += 1
        case .conversationFailed: abandoned += 1
        }
    }
}

/// The credentials that were seen lately, so that a login does not ask the store for what it said before.
struct KnownCredentials {
    /// How many are kept; at the bound all are forgotten, and asked for again.
    static let most = 16_384
    private var known: [UserKey: AccountName] = [:]

    subscript(key: UserKey) -> AccountName? {
        get { known[key] }
        set {
            if known.count >= KnownCredentials.most { known.removeAll() }
            known[key] = newValue
        }
    }
}
