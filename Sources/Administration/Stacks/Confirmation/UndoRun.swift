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
        /// Whether its time was up; else somebody has asked for it.
        let wasDue: Bool
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
        if undone.isEmpty, let unreadable = run.ledger.unreadable.first { throw unreadable.complaint }
        return undone
    }

    /// Undoes one; the lock is held.
    func undo(_ change: StackChange) -> Undone {
        var outcome = ChangeReversal(ledger: run.ledger, root: run.host.root).restore(change)
        let wasDue = change.isDue(at: run.host.moment)
        do throws(CommandFailure) {
            if !outcome.stuck.isEmpty {
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
            outcome.warnings.append(error.refusal.message)
        }
        let touchesSSHD = outcome.touched.contains { [SSHDFragment.path, "/etc/pam.d/sshd"].contains($0) }
        return Undone(
            change: change, outcome: outcome, isReloaded: touchesSSHD ? SSHDReload(host: run.host).perform() : nil,
            wasDue: wasDue)
    }

    /// What has gone wrong, for the people who read errors: of the changes that were undone, and of the records that
    /// cannot be read.
    func complaints(_ undone: [Undone]) -> [String] {
        undone.flatMap { $0.outcome.warnings + $0.outcome.stuck.map(\.reason) }
            + run.ledger.unreadable.map { record in
                let complaint = record.complaint.refusal
                return [complaint.message, complaint.hint ?? ""].joined(separator: " ")
            }
    }

    /// What is not overdue, and when it will be.
    var reportOfWaiting: Report {
        let now = run.host.moment
        let waiting = run.ledger.changes.compactMap { change in
            change.secondsLeft(at: now).map { "\(change.service) waits for \(Wording.span(seconds: $0))" }
        }
        return Report(
            text: (["Nothing is overdue"] + waiting).joined(separator: "; ") + ".",
            json: .object([("undone", .list([]))]))
    }

    /// What was done, in words and for programs.
    func report(_ undone: [Undone]) -> Report {
        let lines = undone.flatMap(UndoRun.lines)
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
                                ("edited", .list(one.outcome.edited.map { .text($0) })),
                                ("left", .list(one.outcome.left.map { .text($0) })),
                                (
                                    "not_undone",
                                    .list(
                                        one.outcome.stuck.map {
                                            .object([("path", .text($0.path)), ("reason", .text($0.reason))])
                                        })
                                ),
                                ("warnings", .list(one.outcome.warnings.map { .text($0) })),
                            ])
                        })
                )
            ]), change: lines.joined(separator: " "))
    }

    /// What was done about one change. It says "undone" of nothing that is still as the change has made it.
    private static func lines(_ one: Undone) -> [String] {
        let outcome = one.outcome
        let isEnabling = one.change.action == .enable
        let what = "\(isEnabling ? "enabling" : "disabling") \(one.change.service)"
        let why =
            one.change.phase == .writing
            ? "was cut off" : one.wasDue ? "was not confirmed in time" : "waited for its confirmation"
        var lines: [String] = []
        switch (outcome.stuck.isEmpty, outcome.touched.isEmpty) {
        case (true, false): lines.append("Undone: \(what), which \(why).")
        case (true, true): lines.append("Not undone as a whole: \(what), which \(why).")
        case (false, false): lines.append("NOT undone as a whole: \(what), which \(why). The rest is tried again.")
        case (false, true): lines.append("NOT undone: \(what), which \(why). It is tried again.")
        }
        if !outcome.restored.isEmpty { lines.append("As before: \(outcome.restored.joined(separator: ", "))") }
        for path in outcome.edited {
            lines.append(
                "\(isEnabling ? "Without our lines" : "With our line again"): \(path), which is otherwise as somebody has "
                    + "changed it since.")
        }
        for path in outcome.left {
            lines.append("Left alone: \(path), which somebody has changed since. Look at it: what is in it holds.")
        }
        for one in outcome.stuck { lines.append("Not put back: \(one.path), because: \(one.reason)") }
        if one.isReloaded == false { lines.append("sshd has to be told: \(SSHDReload.command)") }
        return lines
    }
}
