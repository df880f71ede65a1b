import Authentication
import AuthenticationTesting
import EnrollmentStores
import Foundation
import GRDB
import Testing

/// One schedule, done to a store on the disk and to its model.
struct StoreModelRun {
    /// What the run has come across.
    struct Counts {
        var accepted = 0
        var rejected = 0
        /// Delayed or locked.
        var held = 0
        /// Not to be written, and not told.
        var lost = 0
        var restarts = 0
        var deaths = 0
    }

    private let place: SQLitePlace
    private let model = InMemoryEnrollmentStore()
    private var store: SQLiteStore
    private var schedule: StoreSchedule
    /// Whose rows cannot be written.
    private var faulty: AccountName?
    private var isFull = false
    private(set) var attempts = 0
    private(set) var counts = Counts()

    init(_ place: SQLitePlace, seed: UInt64) throws {
        self.place = place
        schedule = try StoreSchedule(seed: seed)
        store = try place.openSQLite()
        for account in schedule.accounts { try enrol(account, ScriptedModule(ModuleID("totp")), "phone", 0, 1000) }
    }

    /// Does the next thing to both.
    mutating func step() throws {
        switch try schedule.next() {
        case .group(let group): try judge(group)
        case .enrol(let account, let module, let device, let state, let uid):
            try mend()
            try enrol(account, module, device, state, uid)
        case .remove(let key):
            try mend()
            #expect(try store.remove(key) == model.remove(key))
        case .unlock(let account):
            try mend()
            #expect(try store.unlock(account) == model.unlock(account))
        case .adopt(let account, let uid):
            try mend()
            #expect(try store.adopt(account, uid: uid) == model.adopt(account, uid: uid))
        case .restart(let isKilled): try restart(isKilled: isKilled)
        case .fault(let account): try setFault(account)
        case .full(let isFull): try setFull(isFull)
        }
    }

    private func enrol(
        _ account: AccountName, _ module: ScriptedModule, _ device: String, _ state: Int64, _ uid: UInt32
    ) throws {
        let key = DeviceKey(account: account, module: module.id, device: device)
        let payload: [UInt8] = [42]
        func record(_ sealing: any SecretSealing) throws -> Device {
            Device(
                name: device, sealed: try sealing.seal(Secret(copying: payload.span), at: key), state: state,
                createdAt: schedule.clock.now.wall)
        }
        let replaced = try store.add(record(place.sealing), at: key, uid: uid)
        #expect(try model.add(record(model.sealing), at: key, uid: uid) == replaced)
    }

    private mutating func judge(_ group: [Attempt]) throws {
        attempts += group.count
        let outcomes: [Outcome]
        do throws(StoreFailure) {
            outcomes = try store.commit(group)
        } catch {
            // Nothing was judged as far as anybody will ever know: the model is not told of it.
            #expect(isFull || faulty != nil, "\(error)")
            counts.lost += group.count
            return try compare()
        }
        try #require(outcomes.count == group.count)
        for (attempt, outcome) in zip(group, outcomes) {
            guard outcome != .unavailable(.storeUnavailable) else {
                #expect(isFull || faulty == attempt.account, "lost without a reason")
                counts.lost += 1
                continue
            }
            let expected = try model.commit([attempt])
            #expect(expected == [outcome], "attempt \(attempts) of \(attempt.account)")
            switch outcome {
            case .accepted: counts.accepted += 1
            case .rejected: counts.rejected += 1
            case .delayed, .locked: counts.held += 1
            case .charged, .unavailable: break
            }
        }
    }

    /// Both have the same of everything that decides.
    func compare() throws {
        #expect(try devices(of: store) == devices(of: model))
        #expect(try counters(of: store) == counters(of: model))
        for host in StoreSchedule.hosts { #expect(try store.hostCounter(of: host) == model.hostCounter(of: host)) }
    }

    private func devices(of store: some EnrollmentStore) throws -> [String] {
        try store.devices(of: nil).map { listing in
            let used = listing.device.lastUsedAt.map(String.init) ?? "-"
            return "\(listing.key) \(listing.uid) \(listing.device.state) \(listing.device.createdAt) \(used)"
        }.sorted()
    }

    private func counters(of store: some EnrollmentStore) throws -> [String] {
        try store.counters(of: nil).map { "\($0.account) \($0.module) \($0.counter)" }.sorted()
    }

    // MARK: What goes wrong

    private mutating func restart(isKilled: Bool) throws {
        let files = ["", "-wal"].map { place.file + $0 }
        // What a process that is killed leaves: the file and its log as they are now.
        let left = isKilled ? files.map { FileManager.default.contents(atPath: $0) } : []
        place.close()
        for (file, contents) in zip(files, left) {
            delete(file)
            guard let contents else { continue }
            try contents.write(to: URL(fileURLWithPath: file))
            try setMode(file, 0o600)
        }
        store = try place.openSQLite()
        (faulty, isFull) = (nil, false)
        // The failures of names that the directory does not know are kept nowhere else.
        for stranger in schedule.strangers { _ = try model.unlock(stranger) }
        if isKilled { counts.deaths += 1 } else { counts.restarts += 1 }
        try compare()
    }

    private mutating func setFault(_ account: AccountName?) throws {
        let name = account?.text ?? ""
        try store.withLoginConnection { database in
            try database.execute(
                sql: """
                    DROP TRIGGER IF EXISTS spending;
                    DROP TRIGGER IF EXISTS charging;
                    """)
            guard !name.isEmpty else { return }
            try database.execute(
                sql: """
                    CREATE TEMP TRIGGER spending BEFORE UPDATE ON main.device WHEN old.account = '\(name)'
                    BEGIN SELECT RAISE(FAIL, 'no'); END;
                    CREATE TEMP TRIGGER charging BEFORE INSERT ON main.factor WHEN new.account = '\(name)'
                    BEGIN SELECT RAISE(FAIL, 'no'); END;
                    """)
        }
        faulty = account
        try compare()
    }

    private mutating func setFull(_ isFull: Bool) throws {
        try store.withLoginConnection { database in
            let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            try database.execute(sql: "PRAGMA max_page_count = \(isFull ? pages : 100_000)")
        }
        self.isFull = isFull
    }

    /// An administrator's change is not made while the store is broken.
    private mutating func mend() throws {
        if faulty != nil { try setFault(nil) }
        if isFull { try setFull(false) }
    }
}
