import AdminProtocol

/// Undoes what is due: what was not confirmed in time, and what was cut off in the middle.
struct UndoRun {
    let run: StackChangeRun

    /// What came of one change.
    struct Undone {
        let change: StackChange
        let outcome: ChangeReversal.Outcome
        /// Nil where sshd had nothing to read.
        let isReloaded: Bool?
    }

    /// Undoes all that is due, the latest first, and has the timer end where nothing is waited for any more.
    func perform() throws(CommandFailure) -> [Undone] {
        try run.ledger.prepare()
        let lock = try run.ledger.lock()
        defer { lock.release() }
        let host = run.host
        var undone: [Undone] = []
        for change in try run.ledger.changes().reversed() where change.isDue(at: host.moment) {
            undone.append(try undo(change))
        }
        if try !run.ledger.changes().contains(where: { $0.phase == .pending || $0.phase == .writing }) {
            if host.runsSystemd { UndoTimer(host: host).stop() }
        }
        return undone
    }

    /// Undoes one; the lock is held.
    func undo(_ change: StackChange) throws(CommandFailure) -> Undone {
        let outcome = try ChangeReversal(ledger: run.ledger, root: run.host.root).restore(change)
        if outcome.left.isEmpty {
            try run.ledger.forget(change)
        } else {
            var left = change
            left.phase = .left
            try run.ledger.save(left)
        }
        let touchesSettings = outcome.restored.contains(SSHDFragment.path)
        return Undone(
            change: change, outcome: outcome,
            isReloaded: touchesSettings ? SSHDReload(host: run.host).perform() : nil)
    }

    /// What was done, in words and for programs.
    static func report(_ undone: [Undone]) -> Report {
        var lines: [String] = []
        for one in undone {
            let what = one.change.action == .enable ? "enabling" : "disabling"
            let why = one.change.phase == .writing ? "was cut off" : "was not confirmed in time"
            lines.append("Undone: \(what) \(one.change.service), which \(why).")
            if !one.outcome.restored.isEmpty {
                lines.append("As before: \(one.outcome.restored.joined(separator: ", "))")
            }
            for path in one.outcome.left {
                lines.append(
                    "Left alone: \(path), which somebody has changed since. Look at it: what is in it holds.")
            }
            if one.isReloaded == false { lines.append("sshd has to be told: \(SSHDReload.command)") }
        }
        let isWhole = undone.allSatisfy { $0.outcome.left.isEmpty }
        return Report(
            isWhole ? .done : .refused, text: lines.joined(separator: "\n"),
            json: .object([
                (
                    "undone",
                    .list(
                        undone.map { one in
                            .object([
                                ("service", .text(one.change.service)),
                                ("action", .text(one.change.action.rawValue)),
                                ("restored", .list(one.outcome.restored.map { .text($0) })),
                                ("left", .list(one.outcome.left.map { .text($0) })),
                            ])
                        })
                )
            ]), change: lines.joined(separator: " "))
    }
}
