import AdminProtocol
import PAMStacks

/// Decides what becomes of the files of a change that is taken back.
///
/// sshd's stack and its settings are one thing: a stack that asks for a code has sshd's password method answer it with the
/// password, and settings that want a key lead past a stack that asks for nothing. So neither goes without the other.
struct ReversalPlanner {
    let ledger: ChangeLedger
    let change: StackChange
    private let tree: StackTree
    private let root: String

    init(ledger: ChangeLedger, root: String, change: StackChange) {
        self.ledger = ledger
        self.change = change
        self.root = root
        tree = StackTree(root: root)
    }

    private static let pair = ["/etc/pam.d/sshd", SSHDFragment.path]

    func make() -> ReversalPlan {
        var warnings: [String] = []
        var units: [[ReversalPlan.File]] = []
        var pair: [ReversalPlan.File] = []
        // The last that was written first: at each moment it is a state that has been before.
        for (index, file) in change.files.enumerated().reversed() {
            let found = FoundFile.at(root + file.path)
            let fate = fate(of: file, index, found, &warnings)
            let planned = ReversalPlan.File(path: file.path, found: found, fate: fate)
            if ReversalPlanner.pair.contains(file.path) { pair.append(planned) } else { units.append([planned]) }
        }
        if !pair.isEmpty { units.append(together(pair)) }
        return ReversalPlan(units: units, warnings: warnings)
    }

    /// Files of which none goes where one cannot.
    private func together(_ files: [ReversalPlan.File]) -> [ReversalPlan.File] {
        var files = files
        if change.action == .enable, let index = files.firstIndex(where: { $0.path == ReversalPlanner.pair[0] }),
            files.contains(where: { $0.path != ReversalPlanner.pair[0] && $0.fate.acts }), asksStill(files[index])
        {
            files[index].fate = .stuck("\(files[index].path) asks for a code still, by what it includes.")
        }
        let isStuck: (ReversalPlan.File) -> Bool = { if case .stuck = $0.fate { true } else { false } }
        guard let stuck = files.first(where: isStuck) else { return files }
        for index in files.indices where files[index].fate.acts { files[index].fate = .held(stuck.path) }
        return files
    }

    /// Whether the stack would name our module when all was done.
    private func asksStill(_ file: ReversalPlan.File) -> Bool {
        switch file.fate {
        case .edit(let bytes?): tree.editing(file.path, bytes).stack(of: "sshd").isGuarded
        case .leave: tree.stack(of: "sshd").isGuarded
        // What was before the change is right, whatever it was.
        case .asBefore, .putBack, .edit, .stuck, .held: false
        }
    }

    // MARK: One file

    private func fate(
        of file: ChangedFile, _ index: Int, _ found: FoundFile, _ warnings: inout [String]
    ) -> ReversalPlan.Fate {
        do throws(CommandFailure) {
            switch found {
            case .unreadable(let reason): return .stuck(reason)
            case .link: return try fate(ofLink: file)
            case .nothing, .file:
                let hash = try found.bytes.map(ChangeLedger.hash)
                switch file.standing(hash) {
                case .before: return .asBefore
                case .otherwise: return fate(ofEdited: file, index, found)
                case .after:
                    guard file.before != nil else { return .putBack(nil) }
                    if let spare = HostFile.readSpare(of: root + file.path), try ChangeLedger.hash(spare) == file.before
                    {
                        return .putBack(spare)
                    }
                    do throws(CommandFailure) {
                        return .putBack(try ledger.kept(index, of: change))
                    } catch {
                        warnings.append(error.refusal.message)
                        return fate(ofEdited: file, index, found)
                    }
                }
            }
        } catch {
            return .stuck(error.refusal.message)
        }
    }

    /// What it leads to is not ours to change; the question is whether it would have to be.
    private func fate(ofLink file: ChangedFile) throws(CommandFailure) -> ReversalPlan.Fate {
        guard let bytes = tree.files.contents(of: file.path) else {
            return .stuck("\(file.path) is a link, and what it leads to cannot be read.")
        }
        if try ChangeLedger.hash(bytes) == file.before { return .asBefore }
        let hasOurs =
            file.path == SSHDFragment.path
            ? SSHDFragment.stripped(bytes) != bytes : namesOurs(StackFile(path: file.path, bytes: bytes))
        guard hasOurs == (change.action == .enable) else { return .leave }
        return .stuck("\(file.path) is a link by now, and what it leads to is not twostep's to change.")
    }

    /// Of a file that somebody has changed since, or of which no original is left.
    private func fate(ofEdited file: ChangedFile, _ index: Int, _ found: FoundFile) -> ReversalPlan.Fate {
        switch change.action {
        case .enable:
            guard let bytes = found.bytes else { return .leave }
            return file.path == SSHDFragment.path ? without(bytes) : withoutOurs(file, index, bytes)
        case .disable:
            guard let bytes = found.bytes else { return .stuck("\(file.path) is not there any more.") }
            guard file.path != SSHDFragment.path else {
                return .stuck("\(file.path) was written by somebody else since.")
            }
            return withOurs(file, index, bytes)
        }
    }

    private func without(_ settings: [UInt8]) -> ReversalPlan.Fate {
        let rest = SSHDFragment.stripped(settings)
        return rest == settings ? .leave : .edit(rest)
    }

    private func withoutOurs(_ file: ChangedFile, _ index: Int, _ bytes: [UInt8]) -> ReversalPlan.Fate {
        do throws(StackEditor.Obstacle) {
            let rest = try StackEditor(tree: tree).withdrawing(
                from: StackFile(path: file.path, bytes: bytes), service: service(of: file),
                original: try? ledger.kept(index, of: change))
            return rest.map { .edit($0) } ?? .leave
        } catch {
            return .stuck(error.reason)
        }
    }

    /// The code comes back into a file that somebody has changed since it went, as if it were enabled anew.
    private func withOurs(_ file: ChangedFile, _ index: Int, _ bytes: [UInt8]) -> ReversalPlan.Fate {
        let editor = StackEditor(tree: tree)
        let present = StackFile(path: file.path, bytes: bytes)
        guard !editor.namesOurs(present) else { return .leave }
        do throws(CommandFailure) {
            let service = service(of: file)
            let shape = StackShape(of: try ledger.kept(index, of: change) ?? [])
            let written = try editor.enabling(present, shape, service: change.service)
            let stack = tree.editing(file.path, written)
            let problem = StackReview(stack).findings(of: service).first { $0.severity == .problem }
            guard problem == nil, stack.stack(of: service).isGuarded else {
                return .stuck(
                    "With our line \(file.path) would not hold: \(problem?.found ?? "nobody would be asked").")
            }
            return .edit(written)
        } catch {
            return .stuck(error.refusal.message)
        }
    }

    private func namesOurs(_ file: StackFile) -> Bool { StackEditor(tree: tree).namesOurs(file) }

    private func service(of file: ChangedFile) -> String {
        file.path.split(separator: "/").last.map(String.init) ?? change.service
    }
}
