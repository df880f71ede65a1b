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

    /// Undoes all that is due, the latest first, and has the timer end where nothing is waited for any more. What fails
    /// with one change keeps no other from being undone.
    func perform() throws(CommandFailure) -> [Undone] {
        try run.ledger.prepare()
        let lock = try run.ledger.lock()
        defer { lock.release() }
        var undone: [Undone] = []
        for change in run.ledger.changes.reversed() where change.isDue(at: run.host.moment) {
            undone.append(undo(change))
        }
        run.stopTimerIfIdle()
        if undone.isEmpty, let unreadable = run.ledger.unreadable.first { throw unreadable }
        return undone
    }

    /// Undoes one; the lock is held.
    func undo(_ change: StackChange) -> Undone {
        var outcome = ChangeReversal(ledger: run.ledger, root: run.host.root).restore(change)
        do throws(CommandFailure) {
            if !outcome.failures.isEmpty {
                // It stays due, and is tried again.
            } else if outcome.left.isEmpty {
                try run.ledger.forget(change)
            } else {
                var left = change
                left.phase = .left
                try run.ledger.save(left)
                run.ledger.removeSpares(of: change)
            }
        } catch {
            outcome.failures.append(error.refusal.message)
        }
        let touchesSSHD = outcome.touched.contains { [SSHDFragment.path, "/etc/pam.d/sshd"].contains($0) }
        return Undone(
            change: change, outcome: outcome, isReloaded: touchesSSHD ? SSHDReload(host: run.host).perform() : nil)
    }

    /// What has gone wrong, for the people who read errors: of the changes that were undone, and of the records that
    /// cannot be read.
    func complaints(_ undone: [Undone]) -> [String] {
        undone.flatMap { $0.outcome.warnings + $0.outcome.failures } + run.ledger.unreadable.map(\.refusal.message)
    }

    /// What was done, in words and for programs.
    func report(_ undone: [Undone]) -> Report {
        var lines: [String] = []
        for one in undone {
            let isEnabling = one.change.action == .enable
            let what = "\(isEnabling ? "enabling" : "disabling") \(one.change.service)"
            let why = one.change.phase == .writing ? "was cut off" : "was not confirmed in time"
            lines.append(
                one.outcome.failures.isEmpty && !one.outcome.touched.isEmpty
                    ? "Undone: \(what), which \(why)." : "Not undone as a whole: \(what), which \(why).")
            if !one.outcome.restored.isEmpty {
                lines.append("As before: \(one.outcome.restored.joined(separator: ", "))")
            }
            for path in one.outcome.stripped {
                lines.append("Without our lines: \(path), which is otherwise as somebody has changed it since.")
            }
            for path in one.outcome.left {
                lines.append(
                    "Left alone: \(path), which somebody has changed since. Look at it: what is in it holds.")
            }
            if one.isReloaded == false { lines.append("sshd has to be told: \(SSHDReload.command)") }
        }
        let isWhole = undone.allSatisfy { $0.outcome.left.isEmpty } && complaints(undone).isEmpty
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
                                ("stripped", .list(one.outcome.stripped.map { .text($0) })),
                                ("left", .list(one.outcome.left.map { .text($0) })),
                                ("failed", .list((one.outcome.warnings + one.outcome.failures).map { .text($0) })),
                            ])
                        })
                )
            ]), change: lines.joined(separator: " "))
    }
}
