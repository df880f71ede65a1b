import AdminProtocol

/// Carries out what was planned: the record first, then one file after the other.
struct ChangeWriter {
    let ledger: ChangeLedger
    /// What stands before each path.
    let root: String

    /// Keeps the files as they are and writes the record; the lock is held.
    func begin(_ change: StackChange, _ plan: PlannedChange) throws(CommandFailure) {
        for (index, file) in plan.files.enumerated() {
            if let old = file.old { try ledger.keep(old, index, of: change.number) }
        }
        try ledger.save(change)
        for file in plan.files where file.old != nil { HostFile.keepSpare(of: root + file.path) }
    }

    /// Changes the files. Where one cannot be, those before it are put back.
    func write(_ change: StackChange, _ plan: PlannedChange) throws(CommandFailure) {
        do throws(CommandFailure) {
            for file in plan.files {
                if let new = file.new {
                    try HostFile.write(new, to: root + file.path)
                } else {
                    try HostFile.remove(root + file.path)
                }
            }
        } catch {
            let outcome = ChangeReversal(ledger: ledger, root: root).restore(change)
            guard outcome.stuck.isEmpty, outcome.left.isEmpty else {
                // The record stays as that of a change that was cut off.
                throw CommandFailure(
                    .refused, code: error.refusal.code,
                    ([error.refusal.message] + outcome.stuck.map(\.reason)
                        + outcome.left.map { "\($0) is as somebody has left it." })
                        .joined(separator: " "),
                    hint: "Put everything back as it was before: twostep enable --undo-overdue")
            }
            try ledger.forget(change)
            throw CommandFailure(
                .refused, code: error.refusal.code, "\(error.refusal.message) Nothing was changed.",
                hint: error.refusal.hint)
        }
    }

    /// That the files still are what the plan began with.
    func check(_ plan: PlannedChange) throws(CommandFailure) {
        for file in plan.files where try HostFile.read(root + file.path) != file.old {
            throw CommandFailure(
                .refused, code: .stack, "\(file.path) was changed by somebody meanwhile. Nothing was written.",
                hint: "Type the same again, and look at what it shows.")
        }
    }
}
