import AdminProtocol

/// Puts files back as they were before a change, as far as they are what the change has made them.
struct ChangeReversal {
    let ledger: ChangeLedger
    /// What stands before each path.
    let root: String

    /// What came of it.
    struct Outcome: Equatable {
        /// As they were before, by now or still.
        var restored: [String] = []
        /// Somebody has changed them since; they have lost our part, or got it again, and nothing else.
        var edited: [String] = []
        /// Somebody has changed them since, and nothing of the change is left in them.
        var left: [String] = []
        /// What is worth a thought: an original that is lost, an attribute that is.
        var warnings: [String] = []
        /// Those that would have to change and have not, and why. It is worth another try.
        var stuck: [Stuck] = []

        /// A file that is not as it should be.
        struct Stuck: Equatable {
            let path: String
            /// As a sentence.
            let reason: String
        }

        /// All that are not as the change has made them any more.
        var touched: [String] { restored + edited }
    }

    /// Restores what can be. The lock is held; the record's end is the caller's part.
    func restore(_ change: StackChange) -> Outcome {
        let plan = ReversalPlanner(ledger: ledger, root: root, change: change).make()
        var outcome = Outcome()
        outcome.warnings = plan.warnings
        for unit in plan.units { carryOut(unit, &outcome) }
        return outcome
    }

    /// Writes files that go together. Where one cannot be written, those before it become again what they were.
    private func carryOut(_ unit: [ReversalPlan.File], _ outcome: inout Outcome) {
        var came = outcome
        var written: [ReversalPlan.File] = []
        for file in unit {
            do throws(CommandFailure) {
                try carryOut(file, &came)
                if file.fate.acts { written.append(file) }
            } catch {
                outcome.stuck.append(Outcome.Stuck(path: file.path, reason: error.refusal.message))
                for one in written { outcome.stuck.append(takeBack(one, because: file.path)) }
                return
            }
        }
        outcome = came
    }

    private func carryOut(_ file: ReversalPlan.File, _ outcome: inout Outcome) throws(CommandFailure) {
        let path = root + file.path
        HostFile.removeDraft(of: path)
        switch file.fate {
        case .asBefore: outcome.restored.append(file.path)
        case .leave: outcome.left.append(file.path)
        case .stuck(let reason): outcome.stuck.append(Outcome.Stuck(path: file.path, reason: reason))
        case .held(let other): outcome.stuck.append(Outcome.Stuck(path: file.path, reason: held(by: other)))
        case .edit(let bytes):
            try write(bytes, to: path, &outcome)
            outcome.edited.append(file.path)
        case .putBack(let bytes):
            if let bytes, HostFile.readSpare(of: path) == bytes {
                try HostFile.restoreSpare(of: path)
            } else {
                try write(bytes, to: path, &outcome)
            }
            outcome.restored.append(file.path)
        }
    }

    private func write(_ bytes: [UInt8]?, to path: String, _ outcome: inout Outcome) throws(CommandFailure) {
        guard let bytes else { return try HostFile.remove(path) }
        if try !HostFile.write(bytes, to: path, needsAttributes: false) {
            outcome.warnings.append("\(path.dropFirst(root.count)) has lost an extended attribute.")
        }
    }

    private func takeBack(_ file: ReversalPlan.File, because other: String) -> Outcome.Stuck {
        do throws(CommandFailure) {
            if let bytes = file.found.bytes {
                try HostFile.write(bytes, to: root + file.path, needsAttributes: false)
            } else {
                try HostFile.remove(root + file.path)
            }
            return Outcome.Stuck(path: file.path, reason: held(by: other))
        } catch {
            return Outcome.Stuck(path: file.path, reason: error.refusal.message)
        }
    }

    private func held(by other: String) -> String { "It goes with \(other), which is not undone." }
}
