import Glibc
import PAMStacks

/// Which processes only try stacks: a login of theirs is on record like any other, and proves nothing.
extension ChangeLedger {
    private static let mark = "trial-"

    /// Their numbers.
    var trials: Set<Int32> { Set(marks.compactMap { Int32($0.dropFirst(ChangeLedger.mark.count)) }) }

    /// Takes note of this process, before it tries anything. Throws where it cannot while a change waits for its proof.
    func noteTrial() throws(CommandFailure) {
        do throws(CommandFailure) {
            try prepare()
            try HostFile.write([], to: "\(folder)/\(ChangeLedger.mark)\(getpid())", newMode: 0o600)
        } catch {
            guard changes.allSatisfy({ $0.phase == .kept || $0.phase == .left }) else { throw error }
        }
    }

    /// Forgets those that are over, where no change waits for a proof any more.
    func forgetTrials() {
        for name in marks {
            guard let process = Int32(name.dropFirst(ChangeLedger.mark.count)), process != getpid(),
                kill(process, 0) != 0, errno == ESRCH
            else { continue }
            _ = unsafe unlink("\(folder)/\(name)")
        }
    }

    /// Forgets this process, where no change waits for a proof.
    func forgetOwnTrial() {
        guard changes.allSatisfy({ $0.phase == .kept || $0.phase == .left }) else { return }
        _ = unsafe unlink("\(folder)/\(ChangeLedger.mark)\(getpid())")
    }

    private var marks: [String] {
        HostTree(root: "/").plainNames(in: folder).filter { $0.hasPrefix(ChangeLedger.mark) }
    }
}
