import AdminProtocol
import PAMStacks

/// Puts files back as they were before a change, as long as they are what the change has made them.
struct ChangeReversal {
    let ledger: ChangeLedger
    /// What stands before each path.
    let root: String

    /// What came of it.
    struct Outcome: Equatable {
        /// As they were before, by now or still.
        var restored: [String] = []
        /// Somebody has changed them since; they have lost our lines, and nothing else.
        var stripped: [String] = []
        /// Somebody has changed them since; they are as that one has left them.
        var left: [String] = []
        /// What is worth a thought: an original that is lost, an attribute that is.
        var warnings: [String] = []
        /// Why some are not as they were: it is worth another try.
        var failures: [String] = []

        /// All that are not as the change has made them any more.
        var touched: [String] { restored + stripped }
    }

    /// Restores what can be; what fails with one file keeps no other from it. The lock is held; the record's end is the
    /// caller's part.
    func restore(_ change: StackChange) -> Outcome {
        var outcome = Outcome()
        guard !isTorn(change) else {
            outcome.left = change.files.map(\.path)
            return outcome
        }
        // The last that was written first: at each moment it is a state that has been before.
        for (index, file) in change.files.enumerated().reversed() {
            do throws(CommandFailure) {
                try restore(file, index, of: change, &outcome)
            } catch {
                outcome.failures.append(error.refusal.message)
            }
        }
        return outcome
    }

    /// Whether a stack that asks sshd's way would come back without the settings that go with it.
    private func isTorn(_ change: StackChange) -> Bool {
        guard change.action == .disable, change.files.contains(where: { $0.path == SSHDFragment.path }) else {
            return false
        }
        return change.files.contains { $0.standing(found(root + $0.path)) == .otherwise }
    }

    private func restore(
        _ file: ChangedFile, _ index: Int, of change: StackChange, _ outcome: inout Outcome
    ) throws(CommandFailure) {
        let path = root + file.path
        HostFile.removeDraft(of: path)
        switch file.standing(found(path)) {
        case .before: outcome.restored.append(file.path)
        case .otherwise: try strip(file.path, of: change, &outcome)
        case .after:
            guard let before = file.before else {
                try HostFile.remove(path)
                outcome.restored.append(file.path)
                return
            }
            if let spare = HostFile.readSpare(of: path), try ChangeLedger.hash(spare) == before {
                try HostFile.restoreSpare(of: path)
            } else {
                let bytes: [UInt8]?
                do throws(CommandFailure) {
                    bytes = try ledger.kept(index, of: change)
                } catch {
                    outcome.warnings.append(error.refusal.message)
                    return try strip(file.path, of: change, &outcome)
                }
                if let bytes, try !HostFile.write(bytes, to: path, needsAttributes: false) {
                    outcome.warnings.append("\(file.path) has lost an extended attribute.")
                }
            }
            outcome.restored.append(file.path)
        }
    }

    /// Takes our lines out of a file that cannot be put back, if that is what undoes the change.
    private func strip(
        _ path: String, of change: StackChange, _ outcome: inout Outcome
    ) throws(CommandFailure) {
        guard change.action == .enable, let bytes = try? HostFile.read(root + path) else {
            outcome.left.append(path)
            return
        }
        let rest: [UInt8]?
        if path == SSHDFragment.path {
            rest = SSHDFragment.stripped(bytes)
        } else {
            let service = String(path.split(separator: "/").last ?? "")
            let editor = StackEditor(tree: StackTree(root: root))
            // A stack that counts lines, or would ask for nothing without ours, is for somebody to look at.
            rest = (try? editor.disabling(StackFile(path: path, bytes: bytes), service: service)) ?? bytes
        }
        guard rest != bytes else {
            outcome.left.append(path)
            return
        }
        if let rest {
            _ = try HostFile.write(rest, to: root + path, needsAttributes: false)
        } else {
            try HostFile.remove(root + path)
        }
        outcome.stripped.append(path)
    }

    /// The hash of what is there; of what is no file of ours to read, something that is no hash.
    private func found(_ path: String) -> String? {
        do throws(CommandFailure) {
            return try ChangeLedger.hash(at: path)
        } catch {
            return "unreadable"
        }
    }
}
