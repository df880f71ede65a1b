import AdminProtocol
import PAMStacks

/// What `twostep disable` has to write for a service.
struct DisablePlan {
    let tree: StackTree
    let group: ServiceGroup
    let ledger: ChangeLedger
    /// The change that made it ask for a code; nil where somebody has done that by hand.
    let change: StackChange?

    /// The originals, where the files are as they were written; else the files without our lines.
    func make() throws(CommandFailure) -> PlannedChange {
        var plan = PlannedChange(service: group.name, services: group.services, files: [])
        var paths = group.services.map { "/etc/pam.d/\($0)" }
        if group.name == "sshd" { paths.append(SSHDFragment.path) }
        for path in paths + (change?.files.map(\.path) ?? []) where !plan.files.contains(where: { $0.path == path }) {
            guard let bytes = tree.files.contents(of: path) else { continue }
            if let restored = try restored(path, bytes) {
                plan.files.append(PlannedChange.File(path: path, old: bytes, new: restored.bytes))
            } else if path == SSHDFragment.path {
                guard SSHDFragment.isOurs(bytes) else { continue }
                plan.files.append(PlannedChange.File(path: path, old: bytes, new: nil))
            } else if let service = path.split(separator: "/").last.map(String.init),
                let edited = try StackEditor(tree: tree).disabling(
                    StackFile(path: path, bytes: bytes), service: service)
            {
                plan.files.append(PlannedChange.File(path: path, old: bytes, new: edited))
            }
        }
        guard !plan.files.isEmpty else {
            guard group.services.contains(where: { tree.file(named: $0) != nil }) else {
                throw CommandFailure(
                    .refused, code: .stack,
                    "There is no stack of \(group.name): no /etc/pam.d/\(group.name). Nothing was changed.",
                    hint: "See which services ask for a code: grep -l pam_twostep /etc/pam.d/*")
            }
            throw CommandFailure(
                .refused, code: .stack, "\(group.name) does not ask for a code. Nothing was changed.",
                hint: "See which services do: grep -l pam_twostep /etc/pam.d/*")
        }
        return plan
    }

    /// What was kept of a file, if it is as it was written; nil where it is not. Bytes of nil take it away.
    private func restored(_ path: String, _ bytes: [UInt8]) throws(CommandFailure) -> (bytes: [UInt8]?, Void)? {
        guard let change, let index = change.files.firstIndex(where: { $0.path == path }),
            change.files[index].standing(try ChangeLedger.hash(bytes)) == .after
        else { return nil }
        return (try ledger.kept(index, of: change), ())
    }
}
