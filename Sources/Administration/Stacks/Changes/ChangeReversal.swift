/// Puts files back as they were before a change, as long as they are what the change has made them.
struct ChangeReversal {
    let ledger: ChangeLedger
    /// What stands before each path.
    let root: String

    /// What came of it.
    struct Outcome: Equatable {
        /// As they were before, by now or still.
        var restored: [String] = []
        /// Somebody has changed them since; they are as that one has left them.
        var left: [String] = []
    }

    /// Restores what can be. The lock is held; the record's end is the caller's part.
    func restore(_ change: StackChange) throws(CommandFailure) -> Outcome {
        var outcome = Outcome()
        // The last that was written first: at each moment it is a state that has been before.
        for (index, file) in change.files.enumerated().reversed() {
            let path = root + file.path
            HostFile.removeDraft(of: path)
            switch file.standing(try found(path)) {
            case .before: break
            case .otherwise:
                outcome.left.append(file.path)
                continue
            case .after:
                if let bytes = try ledger.kept(index, of: change) {
                    try HostFile.write(bytes, to: path)
                } else {
                    try HostFile.remove(path)
                }
            }
            outcome.restored.append(file.path)
        }
        return outcome
    }

    /// The hash of what is there; of what is no file of ours to read, something that is no hash.
    private func found(_ path: String) throws(CommandFailure) -> String? {
        do throws(CommandFailure) {
            return try ChangeLedger.hash(at: path)
        } catch {
            return "unreadable"
        }
    }
}
