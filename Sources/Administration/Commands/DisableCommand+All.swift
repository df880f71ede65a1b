import AdminProtocol
import PAMStacks

/// What the removal of the package does: no service that `enable` has changed asks for a code any more.
extension DisableCommand {
    /// One service after the other, each for itself: what keeps one from being done keeps no other. Says at the end what
    /// asks still.
    func disableAll(_ run: StackChangeRun, _ world: AdministrationWorld) throws(CommandFailure) -> Report {
        try run.ledger.prepare()
        for complaint in try endWaiting(run) { try world.console.say(complaint, on: .errors) }
        var lines: [String] = []
        var done: [JSONValue] = []
        var failed: [String] = []
        for name in services(run, world) {
            guard let service = ServiceName(argument: name) else { continue }
            let group = ServiceGroup(service)
            do throws(CommandFailure) {
                try run.checkNothingWaits(of: group.name, for: .disable)
                guard let (change, plan) = try disable(group, run, world) else {
                    _ = try run.forget(group.name)
                    continue
                }
                lines.append(report(change, plan, world).text)
                done.append(change.json)
            } catch {
                // Nobody can be asked, of whichever service.
                guard error.status != .usage else { throw error }
                failed.append(group.name)
                let remedy = error.refusal.hint.map { "\n\($0)" } ?? ""
                try world.console.say("\(group.name): \(error.refusal.message)\(remedy)", on: .errors)
            }
        }
        let asking = askingStill(world)
        // Without its record it cannot be told whose a line without our mark is.
        let isWhole = failed.isEmpty && (asking.isEmpty || run.ledger.unreadable.isEmpty)
        // Whatever bore our mark asks no more.
        if failed.isEmpty { try setAside(run) { _ in true } }
        if !failed.isEmpty { lines.append("Not disabled: \(failed.joined(separator: ", "))") }
        for place in asking {
            lines.append("\(place) names pam_twostep.so still, and \"twostep enable\" has not written it.")
        }
        if lines.isEmpty { lines.append("Nothing of what \"twostep enable\" has changed is left.") }
        return Report(
            isWhole ? .done : .refused, text: lines.joined(separator: "\n"),
            json: .object([
                ("disabled", .list(done)), ("failed", .list(failed.map { .text($0) })),
                ("left", .list(asking.map { .text($0) })),
            ]), change: lines.joined(separator: " "))
    }

    /// Those that there are records of, and those that `enable` has left its mark on, whatever became of the records. Settings
    /// of sshd's alone are no mark: they are the shipped ones, which people copy.
    private func services(_ run: StackChangeRun, _ world: AdministrationWorld) -> [String] {
        let tree = StackTree(root: world.host.root)
        var names = Set(run.ledger.changes.map(\.service))
        names.formUnion(run.ledger.unreadable.compactMap(\.service))
        for service in tree.services {
            guard let file = tree.file(named: service), DisableCommand.place(of: file) != nil else { continue }
            let text = String(decoding: file.bytes, as: UTF8.self)
            guard text.contains("# Written by \"twostep enable ") else { continue }
            names.insert(ServiceGroup.name(of: service))
        }
        return names.sorted()
    }

    /// The files that libpam reads and that name our module, each with its line.
    private func askingStill(_ world: AdministrationWorld) -> [String] {
        let tree = StackTree(root: world.host.root)
        return tree.services.filter { !$0.contains(".dpkg-") }.compactMap { service in
            tree.file(named: service).flatMap(DisableCommand.place)
        }
    }

    private static func place(of file: StackFile) -> String? {
        file.lines.first { $0.module == "pam_twostep.so" }.map { "\(file.path):\($0.lines.lowerBound)" }
    }

    /// Undoes what waits or was cut off; returns what has gone wrong with it. Where what waits is that a service asks for
    /// no code, that is what is wanted.
    private func endWaiting(_ run: StackChangeRun) throws(CommandFailure) -> [String] {
        let lock = try run.ledger.lock()
        defer { lock.release() }
        let all = run.ledger.changes
        var undone: [UndoRun.Undone] = []
        let undo = UndoRun(run: run)
        for change in all.reversed() {
            switch (change.phase, change.action) {
            case (.pending, .disable): try run.settle(change, among: all)
            case (.pending, .enable), (.writing, _): undone.append(undo.undo(change))
            case (.kept, _), (.left, _): continue
            }
        }
        run.stopTimerIfIdle()
        return undo.complaints(undone)
    }
}
