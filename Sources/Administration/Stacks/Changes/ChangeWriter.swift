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
            _ = try ChangeReversal(ledger: ledger, root: root).restore(change)
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
