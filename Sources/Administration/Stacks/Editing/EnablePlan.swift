import AdminProtocol
import PAMStacks

/// What `twostep enable` has to write for a service.
struct EnablePlan {
    let tree: StackTree
    let group: ServiceGroup
    let shape: StackShape

    /// The files as they are and as they will be; throws where there is nothing to do, or nothing that is safe.
    func make() throws(CommandFailure) -> PlannedChange {
        let editor = StackEditor(tree: tree)
        var plan = PlannedChange(service: group.name, services: group.services, files: [])
        for service in group.services {
            guard let file = tree.file(named: service) else {
                // Of a pair the second need not be there: then nothing is called so.
                guard service == group.name else { continue }
                throw CommandFailure(
                    .refused, code: .stack, "There is no stack of \(service): no /etc/pam.d/\(service).",
                    hint: "See what there is: ls /etc/pam.d")
            }
            // A copy of the vendor's goes where the administrator's stand.
            let path = "/etc/pam.d/\(service)"
            let own = tree.files.contents(of: path)
            if editor.namesOurs(file) {
                try checkShape(of: service, file)
                continue
            }
            guard !includesPlanned(file, plan) else { continue }
            let bytes = try editor.enabling(file, shape, service: group.name)
            plan.files.append(PlannedChange.File(path: path, old: own, new: bytes))
        }
        if group.name == "sshd" { try addSettings(to: &plan) }
        guard !plan.files.isEmpty else {
            throw CommandFailure(
                .refused, code: .stack, "\(group.name) asks for a code already. Nothing was changed.",
                hint: "See whether it does so well: twostep check")
        }
        return plan
    }

    /// Whether the file reads one that is changed anyway: su-l is nothing but su.
    private func includesPlanned(_ file: StackFile, _ plan: PlannedChange) -> Bool {
        file.lines.contains { line in
            let name: String? =
                switch line.content {
                case .include(let name) where line.group == .auth, .substack(let name) where line.group == .auth: name
                case .wholeFile(let name): name
                case _: nil
                }
            return name.map { name in plan.files.contains { $0.path == "/etc/pam.d/\(name)" } } ?? false
        }
    }

    /// Throws where a stack that asks for a code already is not of the form that sshd's settings are for.
    ///
    /// Behind a key nobody would have proved anything to a stack that counts on one, and who has a key would be asked for
    /// a password as well.
    private func checkShape(of service: String, _ file: StackFile) throws(CommandFailure) {
        let asksBefore = tree.stack(of: service).asksBefore
        guard service == "sshd", asksBefore != (shape == .behindPassword) else { return }
        throw CommandFailure(
            .refused, code: .stack,
            "\(file.path) asks for a code already, \(asksBefore ? "behind a password" : "and for no password before it"): "
                + "with \(shape == .key ? "--key" : "--password") it would not do what sshd expects of it. "
                + "Nothing was changed.",
            hint: "Take that back first: twostep disable \(service)")
    }

    private func addSettings(to plan: inout PlannedChange) throws(CommandFailure) {
        let settings = SSHDFragment(hasKeys: shape == .key)
        let old = tree.files.contents(of: SSHDFragment.path)
        let new = Array(settings.text.utf8)
        guard old != new else { return }
        if let old, !SSHDFragment.isOurs(old) {
            throw CommandFailure(
                .refused, code: .stack,
                "\(SSHDFragment.path) is there already, and twostep has not written it. Nothing was changed.",
                hint: "Look at it, and put it elsewhere: mv \(SSHDFragment.path) \(SSHDFragment.path).old")
        }
        plan.files.append(PlannedChange.File(path: SSHDFragment.path, old: old, new: new))
    }

    /// The tree as it will be.
    static func tree(_ tree: StackTree, after plan: PlannedChange) -> StackTree {
        plan.files.reduce(tree) { tree, file in
            // Nothing of PAM's is taken away by a plan that is looked at so.
            file.new.map { tree.editing(file.path, $0) } ?? tree
        }
    }
}
