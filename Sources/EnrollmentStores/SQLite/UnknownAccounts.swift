internal import Authentication

/// The failures of names that the directory does not know, and of those who are blocked, which go on from those of the store: in memory,
/// and bounded, so that making up names costs the store nothing.
///
/// What a transaction changes counts once it is committed, and is forgotten if it is rolled back.
struct UnknownAccounts {
    typealias Counters = [ModuleID: FailureCounter]

    private let capacity: Int
    private var slots: [AccountName: (place: Int, counters: Counters?)] = [:]
    /// The names in the order in which they came, round and round.
    private var order: [AccountName] = []
    private var next = 0
    private var pending: [AccountName: Counters?] = [:]

    init(capacity: Int = 4096) { self.capacity = max(capacity, 1) }

    /// The failures of a name, with what the transaction has changed so far; nil if nothing is known of it, where what the store has of
    /// the account holds.
    subscript(account: AccountName) -> Counters? {
        get { if let changed = pending[account] { changed } else { slots[account]?.counters } }
        set { pending.updateValue(newValue, forKey: account) }
    }

    /// The failures that an attempt is judged by, where the store has these of the account: they hold on when it is blocked, or is away from
    /// the directory, and are its own again once it is known.
    mutating func counters(for attempt: Attempt, stored: Counters) -> Counters {
        let account = attempt.account
        switch attempt.standing {
        case .unknown: return self[account] ?? stored
        case .known where self[account] != nil: self[account] = nil
        case .known, .cannotTell: break
        }
        return stored
    }

    /// Keeps what the transaction has changed; the name that came first makes room for a new one.
    mutating func commit() {
        guard !pending.isEmpty else { return }
        for (account, counters) in pending { keep(counters, of: account) }
        pending.removeAll(keepingCapacity: true)
    }

    /// Forgets what the transaction has changed.
    mutating func rollback() { pending.removeAll(keepingCapacity: true) }

    /// Forgets the failures of a name and returns how many there were.
    mutating func clear(_ account: AccountName) -> Int {
        guard let slot = slots[account] else { return 0 }
        slots[account] = (slot.place, nil)
        return (slot.counters ?? [:]).values.reduce(0) { $0 + $1.failures }
    }

    private mutating func keep(_ counters: Counters?, of account: AccountName) {
        if let place = slots[account]?.place {
            slots[account] = (place, counters)
        } else if counters == nil {
            return
        } else if order.count < capacity {
            slots[account] = (order.count, counters)
            order.append(account)
        } else {
            slots[order[next]] = nil
            order[next] = account
            slots[account] = (next, counters)
            next = (next + 1) % capacity
        }
    }
}
