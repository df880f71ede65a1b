/// Looks for ways into the same accounts that do not come past our module, while others do.
///
/// A door counts if its program is there and its stack can succeed. Which door is related to which: those by which
/// somebody comes in from outside or at the machine; and those by which somebody who is in becomes somebody else.
package struct DoorReview: Sendable {
    let tree: StackTree

    package init(_ tree: StackTree) { self.tree = tree }

    /// Open doors beside guarded ones, in the order of the services.
    package var findings: [StackFinding] {
        let guarded = guarded
        return doors.compactMap { door in finding(door, guarded) }.sorted { ($0.path, $0.found) < ($1.path, $1.found) }
    }

    /// The services of the doors that there are.
    package var services: [String] { doors.map(\.service) }

    /// The doors whose programs are there.
    private var doors: [Door] {
        Door.all.filter { door in
            door.programs.contains { tree.files.exists($0) }
                && (!door.isByChoice || tree.file(named: door.service) != nil)
        }
    }

    /// Those of them that ask for a code.
    var guarded: [Door] { doors.filter { tree.stack(of: $0.service).isGuarded } }

    private func finding(_ door: Door, _ guarded: [Door]) -> StackFinding? {
        let stack = tree.stack(of: door.service)
        guard !stack.isGuarded, isOpen(stack) else { return nil }
        let path = "/etc/pam.d/\(door.service)"
        if let twin = guarded.first(where: { $0.service == door.twin }) {
            return StackFinding(
                .problem, path: stack.isFallback ? path : stack.file?.path ?? path, line: line(stack),
                found: "\(door.use) comes past no pam_twostep.so, as '\(twin.service)' does" + fallback(stack),
                expected: "the same lines of auth", mend: mend(door, stack, like: twin))
        }
        guard let related = guarded.first(where: { DoorReview.relates(door.kind, to: $0.kind) }) else { return nil }
        let severity: StackFinding.Severity = door.kind == .remote && related.kind == .remote ? .problem : .warning
        return StackFinding(
            severity, path: stack.isFallback ? path : stack.file?.path ?? path, line: line(stack),
            found: "\(door.use) leads to the same accounts as '\(related.service)' and comes past no pam_twostep.so"
                + fallback(stack),
            expected: "the line of it here as well, or the door shut",
            mend: severity == .problem ? guarding(stack, path) : nil)
    }

    private static func relates(_ kind: Door.Kind, to guarded: Door.Kind) -> Bool {
        switch (kind, guarded) {
        case (.becoming, .becoming), (.remote, .remote), (.remoteData, .remote), (.local, .remote): true
        // Who guards the console against whoever stands before it guards it against those elsewhere.
        case (.remote, .local), (.remoteData, .local), (.local, .local): true
        case _: false
        }
    }

    /// Whether somebody gets in through it.
    func isOpen(_ stack: Stack) -> Bool {
        let modules = ModuleFolders(tree.files)
        guard stack.failure == nil else { return false }
        let walk = StackWalk(stack.steps) { modules.lacks($0.line) }
        return walk.isCut || walk.endings.keys.contains(where: \.isSuccess)
    }

    private func fallback(_ stack: Stack) -> String {
        stack.isFallback ? " (it has no lines of its own: /etc/pam.d/other speaks)" : ""
    }

    /// Where the first line for auth stands in the service's own file.
    private func line(_ stack: Stack) -> Int? {
        guard !stack.isFallback, let step = stack.steps.first else { return nil }
        return (step.via.first?.line ?? step.line).lines.lowerBound
    }

    /// The whole file: its own lines with those for auth from the twin's file, or the twin's file where it has none.
    private func mend(_ door: Door, _ stack: Stack, like twin: Door) -> Mend? {
        let path = "/etc/pam.d/\(door.service)"
        guard let model = tree.stack(of: twin.service).file else { return nil }
        let copy = Mend.write(path, String(decoding: model.bytes, as: UTF8.self))
        guard !stack.isFallback, let own = stack.file, let text = including(twin.service, own) else {
            return checked(copy, door)
        }
        return checked(.write(path, text), door) ?? checked(copy, door)
    }

    /// A file's text with `auth include SERVICE` in place of its lines for auth; nil where a file that it includes has
    /// lines of other groups beside them.
    private func including(_ service: String, _ file: StackFile) -> String? {
        var lines = StackFile.physicalLines(file.bytes).map { String(decoding: $0, as: UTF8.self) }
        for line in file.lines.reversed() {
            var isAuth = line.group == .auth
            if case .wholeFile(let name) = line.content {
                guard let included = tree.file(named: name) else { return nil }
                isAuth = included.lines.contains {
                    $0.group != .account && $0.group != .session && $0.group != .password
                }
                if isAuth, !included.lines.allSatisfy({ $0.group == .auth }) { return nil }
            }
            guard isAuth else { continue }
            lines.removeSubrange((line.lines.lowerBound - 1)...(line.lines.upperBound - 1))
        }
        let first = file.lines.first { line in
            if case .wholeFile(let name) = line.content {
                return tree.file(named: name)?.lines.contains { $0.group == .auth } ?? false
            }
            return line.group == .auth
        }
        guard let first else { return nil }
        lines.insert("auth       include      \(service)", at: min(first.lines.lowerBound - 1, lines.count))
        return lines.joined(separator: "\n") + "\n"
    }

    /// A mend that leaves a guarded stack of which there is nothing else to be said.
    private func checked(_ mend: Mend, _ door: Door) -> Mend? {
        guard let path = mend.path, let bytes = mend.applied(to: nil) else { return nil }
        let after = tree.editing(path, bytes)
        let problems = StackReview(after).faults(after.stack(of: door.service)).map(\.finding)
        return after.stack(of: door.service).isGuarded && !problems.contains { $0.severity == .problem } ? mend : nil
    }

    /// Our line behind the service's last line for auth, where a review has nothing against it.
    private func guarding(_ stack: Stack, _ path: String) -> Mend? {
        guard !stack.isFallback, let file = stack.file, let last = stack.steps.last else { return nil }
        let line = last.via.first?.line ?? last.line
        let ours = Mend.insert(file.path, before: line.lines.upperBound + 1, "auth       required     pam_twostep.so")
        guard let bytes = ours.applied(to: file.bytes) else { return nil }
        let after = tree.editing(file.path, bytes)
        let problems = StackReview(after).faults(after.stack(of: stack.service)).map(\.finding)
        return problems.contains { $0.severity == .problem } ? nil : ours
    }
}
