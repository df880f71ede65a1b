import AdminProtocol
import Authentication

/// One change of stacks from the lock to the record of its end.
struct StackChangeRun {
    let host: any StackHost
    let ledger: ChangeLedger

    init(_ host: any StackHost) {
        self.host = host
        ledger = ChangeLedger(root: host.root)
    }

    /// Throws while an earlier change of the service waits, or of any that was cut off. Nothing of another service, and no
    /// record that cannot be read, keeps a code from being taken out.
    func checkNothingWaits(of service: String, for action: StackChange.Action) throws(CommandFailure) {
        if action == .enable, let unreadable = ledger.unreadable.first { throw unreadable.complaint }
        for change in ledger.changes {
            switch change.phase {
            case .kept, .left: continue
            case .writing:
                guard action == .enable || change.service == service else { continue }
                throw CommandFailure(
                    .refused, code: .pending, "An earlier change of \(change.service) was cut off in the middle.",
                    hint: "Put everything back as it was before: twostep enable --undo-overdue")
            case .pending:
                guard change.service == service else { continue }
                let left = change.secondsLeft(at: host.moment) ?? 0
                throw CommandFailure(
                    .refused, code: .pending,
                    "An earlier change of \(service) waits for its confirmation, for another "
                        + "\(Wording.span(seconds: left)).",
                    hint: change.action == .enable
                        ? "Log in anew and type there: twostep enable --confirm. To take it back now: "
                            + "twostep disable \(service)"
                        : "Log in anew and type there: twostep enable --confirm")
            }
        }
    }

    /// Writes it all. With a limit, somebody undoes it unless it is confirmed in time.
    func carryOut(
        _ plan: PlannedChange, _ action: StackChange.Action, limit: Int64?, takesBack: StackChange?,
        record: (run: Int64, number: Int64)
    ) throws(CommandFailure) -> StackChange {
        let lock = try ledger.lock()
        defer { lock.release() }
        try checkNothingWaits(of: plan.service, for: action)
        let writer = ChangeWriter(ledger: ledger, root: host.root)
        try writer.check(plan)
        let present = ledger.changes
        var files: [ChangedFile] = []
        for file in plan.files {
            files.append(
                ChangedFile(path: file.path, before: try Self.hash(file.old), after: try Self.hash(file.new)))
        }
        let now = host.moment
        var change = StackChange(
            number: ledger.freeNumber, action: action, service: plan.service, services: plan.services,
            administrator: host.administrator, limit: limit, takesBack: takesBack?.number, files: files,
            wall: now.wall, boottime: now.boottime, boot: now.boot, run: record.run, record: record.number)
        try writer.begin(change, plan)
        do throws(CommandFailure) {
            // Without a limit as well: whoever is ended between two files leaves half of a change.
            if limit != nil || host.runsSystemd { try UndoTimer(host: host).start() }
        } catch {
            if limit != nil {
                try ledger.forget(change)
                throw error
            }
        }
        defer { stopTimerIfIdle() }
        try writer.write(change, plan)
        change.phase = limit == nil ? .kept : .pending
        change.moment = host.moment
        do throws(CommandFailure) {
            try ledger.save(change)
        } catch {
            _ = ChangeReversal(ledger: ledger, root: host.root).restore(change)
            throw error
        }
        if change.phase == .kept { try settle(change, among: present) }
        // Whoever types the next command at once has begun after this, and so it has to be seen.
        host.passTick()
        return change
    }

    /// Has the timer end where there is nothing left that it could be for; the lock is held.
    func stopTimerIfIdle() {
        guard host.runsSystemd, ledger.unreadable.isEmpty,
            !ledger.changes.contains(where: { $0.phase == .pending || $0.phase == .writing })
        else { return }
        ledger.forgetTrials()
        UndoTimer(host: host).stop()
    }

    /// Forgets what was done to a service for good and is not in force any more; returns whether there was anything.
    func forget(_ service: String) throws(CommandFailure) -> Bool {
        let lock = try ledger.lock()
        defer { lock.release() }
        let past = ledger.changes.filter { $0.service == service && ($0.phase == .kept || $0.phase == .left) }
        for change in past { try ledger.forget(change) }
        return !past.isEmpty
    }

    private static func hash(_ bytes: [UInt8]?) throws(CommandFailure) -> String? {
        guard let bytes else { return nil }
        return try ChangeLedger.hash(bytes)
    }

    /// Forgets what a change that stays has made meaningless: what it takes back, and what was left of older ones.
    ///
    /// Earlier changes that were made the same way stay: a file that this one has not touched goes back by theirs.
    func settle(_ change: StackChange, among present: [StackChange]) throws(CommandFailure) {
        for older in present where older.service == change.service && older.number < change.number {
            guard change.action == .disable || older.action == .disable || older.phase == .left else { continue }
            try ledger.forget(older)
        }
        ledger.removeSpares(of: change)
        // What is as it was has nothing to go back to.
        if change.action == .disable { try ledger.forget(change) }
    }
}
