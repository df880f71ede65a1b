import AdminProtocol
import PAMStacks

/// What `twostep disable` has to write for a service.
struct DisablePlan {
    let tree: StackTree
    let group: ServiceGroup
    let ledger: ChangeLedger
    /// The changes that made it ask for a code, the oldest first; none where somebody has done that by hand.
    let changes: [StackChange]

    /// The originals, where the files are as they were written; else the files without our lines. No file where nothing asks.
    func make() throws(CommandFailure) -> PlannedChange {
        var plan = PlannedChange(service: group.name, services: group.services, files: [])
        var paths = group.services.map { "/etc/pam.d/\($0)" }
        if group.name == "sshd" { paths.append(SSHDFragment.path) }
        for path in paths + changes.flatMap({ $0.files.map(\.path) })
        where !plan.files.contains(where: { $0.path == path }) {
            guard let bytes = tree.files.contents(of: path) else { continue }
            if let restored = try restored(path, bytes) {
                plan.files.append(PlannedChange.File(path: path, old: bytes, new: restored.bytes))
            } else if path == SSHDFragment.path {
                let isKnown = changes.contains { $0.files.contains { $0.path == path } }
                guard isKnown || SSHDFragment.isOurs(bytes) else { continue }
                let rest = SSHDFragment.stripped(bytes)
                guard rest != bytes else { continue }
                plan.files.append(PlannedChange.File(path: path, old: bytes, new: rest))
            } else if let service = path.split(separator: "/").last.map(String.init),
                let edited = try StackEditor(tree: tree).disabling(
                    StackFile(path: path, bytes: bytes), service: service, original: original(path))
            {
                plan.files.append(PlannedChange.File(path: path, old: bytes, new: edited))
            }
        }
        try checkLineEnds(plan)
        try check(plan)
        return plan
    }

    /// Throws where a line of ours would stay, since it ends with a carriage return: to libpam that is part of the module's
    /// name, so that it refuses everybody, and to us it is no line of ours.
    private func checkLineEnds(_ plan: PlannedChange) throws(CommandFailure) {
        for path in group.services.map({ "/etc/pam.d/\($0)" }) {
            let planned = plan.files.first { $0.path == path }
            guard let bytes = planned.map(\.new) ?? tree.files.contents(of: path) else { continue }
            let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let isLeft = { (line: ArraySlice<UInt8>) in
                line.last == UInt8(ascii: "\r") && line.first != UInt8(ascii: "#")
                    && String(decoding: line, as: UTF8.self).contains("pam_twostep.so\r")
            }
            guard let index = lines.firstIndex(where: isLeft) else { continue }
            throw CommandFailure(
                .refused, code: .stack,
                "\(path):\(index + 1) ends with a carriage return, as lines of Windows do, and libpam refuses everybody for it. "
                    + "Nothing was changed.",
                hint: "Take them out, then type this again: sed -i 's/\\r$//' \(Wording.word(path))")
        }
    }

    /// A file as it was before the first change; nil where that is lost, or nothing was there.
    private func original(_ path: String) -> [UInt8]? {
        guard let change = changes.first(where: { $0.files.contains { $0.path == path } }),
            let index = change.files.firstIndex(where: { $0.path == path })
        else { return nil }
        return try? ledger.kept(index, of: change)
    }

    /// Throws where sshd's settings would go and its stack would ask for a code still: the password method answers with
    /// the password whatever is asked.
    private func check(_ plan: PlannedChange) throws(CommandFailure) {
        guard plan.files.contains(where: { $0.path == SSHDFragment.path }) else { return }
        let after = plan.files.reduce(tree) { tree, file in
            file.path == SSHDFragment.path ? tree : tree.editing(file.path, file.new ?? [])
        }
        let stack = after.stack(of: "sshd")
        guard let index = stack.ours.first else { return }
        let line = stack.steps[index]
        throw CommandFailure(
            .refused, code: .stack,
            "sshd would ask for a code still, by \(line.path):\(line.line.lines.lowerBound). Nothing was changed.",
            hint: "Take that line out first.")
    }

    /// What is said of services that do not ask.
    static func nothing(of group: ServiceGroup, _ root: String) -> CommandFailure {
        let tree = StackTree(root: root)
        guard group.services.contains(where: { tree.file(named: $0) != nil }) else {
            return CommandFailure(
                .refused, code: .stack,
                "There is no stack of \(group.name): no /etc/pam.d/\(group.name). Nothing was changed.",
                hint: "See which services ask for a code: grep -l pam_twostep /etc/pam.d/*")
        }
        return CommandFailure(
            .refused, code: .stack, "\(group.name) does not ask for a code. Nothing was changed.",
            hint: "See which services do: grep -l pam_twostep /etc/pam.d/*")
    }

    /// What was kept of a file, if it is as it was written; nil where it is not. Bytes of nil take it away.
    private func restored(_ path: String, _ bytes: [UInt8]) throws(CommandFailure) -> (bytes: [UInt8]?, Void)? {
        var found: [UInt8]? = bytes
        var isWritten = false
        // What the last has found may be what the one before it has written.
        for change in changes.reversed() {
            guard let present = found, let index = change.files.firstIndex(where: { $0.path == path }),
                change.files[index].standing(try ChangeLedger.hash(present)) == .after
            else { continue }
            found = try ledger.kept(index, of: change)
            isWritten = true
        }
        guard isWritten else { return nil }
        guard let original = found else { return (nil, ()) }
        guard path != SSHDFragment.path else { return (SSHDFragment.isOurs(original) ? nil : original, ()) }
        // Somebody may have written our line by hand before.
        guard let service = path.split(separator: "/").last.map(String.init),
            let edited = try StackEditor(tree: tree).disabling(
                StackFile(path: path, bytes: original), service: service)
        else { return (original, ()) }
        return (edited, ())
    }
}
