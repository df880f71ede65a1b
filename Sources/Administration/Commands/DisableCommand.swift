import AdminProtocol
import ArgumentParser
import PAMStacks

/// `twostep disable`: a service asks for no code any more.
struct DisableCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "disable", abstract: "Have a service ask for no code any more.",
        discussion: """
            Puts back the files that "twostep enable" has kept, where nobody has changed them since; else takes out our \
            lines alone. Needs no twostepd.
            Example: twostep disable sudo
            """)

    @Argument(help: "The PAM service.") var service: ServiceName?
    @Flag(help: "Every service that \"twostep enable\" has changed.") var all = false
    @Option(help: ArgumentHelp("Undo it unless it is confirmed in this time: 5m, 1h.", valueName: "duration"))
    var confirmWithin: CodeDuration?
    @Flag(help: "sshd: have it read its settings now.") var reload = false
    @Flag(help: "Do not ask.") var yes = false
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        guard world.accounts.isPrivileged else {
            throw CommandFailure(
                .refused, code: .notPermitted, "Only root changes how people log in. Nothing was changed.",
                hint: "Try it with sudo.")
        }
        guard (service == nil) == all, !(all && confirmWithin != nil) else {
            throw CommandFailure(.usage, code: .usage, "Expected a service, or --all without --confirm-within.")
        }
        let run = StackChangeRun(world.host)
        guard let service else { return try disableAll(run, world) }
        if confirmWithin != nil { try UndoTimer(host: world.host).check() }
        try run.ledger.prepare()
        for record in run.ledger.unreadable { try world.console.say(record.complaint.refusal.message, on: .errors) }
        let group = ServiceGroup(service)
        let undone = confirmWithin == nil ? try takeBack(group, run, world) : nil
        if let undone, undone.status != .done { return undone }
        try run.checkNothingWaits(of: group.name, for: .disable)
        let disabled = try disable(group, run, world)
        try setAside(run) { $0 == group.name }
        guard let disabled else {
            if let undone { return undone }
            return try forgotten(group, run)
        }
        let report = report(disabled.change, disabled.plan, world)
        guard let undone else { return report }
        return Report(text: "\(undone.text)\n\(report.text)", json: report.json, change: report.change)
    }

    /// Takes the code out; nil where there is none.
    func disable(
        _ group: ServiceGroup, _ run: StackChangeRun, _ world: AdministrationWorld
    ) throws(CommandFailure) -> (change: StackChange, plan: PlannedChange)? {
        let enabled = run.ledger.changes.filter { $0.service == group.name && $0.action == .enable }
        let plan = try DisablePlan(
            tree: StackTree(root: world.host.root), group: group, ledger: run.ledger, changes: enabled
        ).make()
        guard !plan.files.isEmpty else { return nil }
        if !output.isJSON { try world.console.say(plan.difference, on: .output) }
        try world.console.agree(
            to: "Write this? From then on \(group.name) asks for no code.", isAgreed: yes,
            otherwise: "Nothing was changed.", command: "twostep disable \(group.name)")
        let change = try run.carryOut(
            plan, .disable, limit: confirmWithin?.seconds, takesBack: enabled.last, record: (0, 0))
        return (change, plan)
    }

    /// Undoes at once what waits for its confirmation or was cut off, as if its time were up; nil where nothing does.
    private func takeBack(
        _ group: ServiceGroup, _ run: StackChangeRun, _ world: AdministrationWorld
    ) throws(CommandFailure) -> Report? {
        let isMeant: (StackChange) -> Bool = { change in
            change.service == group.name
                && (change.phase == .writing || (change.phase == .pending && change.action == .enable))
        }
        guard run.ledger.changes.contains(where: isMeant) else { return nil }
        try world.console.agree(
            to: "Undo it now? It waits for its confirmation.", isAgreed: yes, otherwise: "Nothing was changed.",
            command: "twostep disable \(group.name)")
        let lock = try run.ledger.lock()
        defer { lock.release() }
        let undo = UndoRun(run: run)
        let undone = run.ledger.changes.reversed().filter(isMeant).map { undo.undo($0) }
        run.stopTimerIfIdle()
        let report = undo.report(undone)
        // What somebody else has taken out is out, and other records are none of this one's.
        let isOut = undone.allSatisfy { $0.outcome.stuck.isEmpty }
        for warning in undone.flatMap({ $0.outcome.warnings + $0.outcome.stuck.map(\.reason) }) {
            try world.console.say(warning, on: .errors)
        }
        return Report(isOut ? .done : .refused, text: report.text, json: report.json, change: report.change)
    }

    /// What is said where nothing asks: somebody has taken the lines out already, and the records of it mean nothing.
    private func forgotten(_ group: ServiceGroup, _ run: StackChangeRun) throws(CommandFailure) -> Report {
        guard try run.forget(group.name) else { throw DisablePlan.nothing(of: group, run.host.root) }
        let text = "\(group.name) asks for no code: somebody has taken it out. The records of it are forgotten."
        return Report(text: text, json: .object([("service", .text(group.name)), ("files", .list([]))]), change: text)
    }

    /// Moves records away that cannot be read, of those services.
    func setAside(_ run: StackChangeRun, _ isMeant: (String?) -> Bool) throws(CommandFailure) {
        let lock = try run.ledger.lock()
        defer { lock.release() }
        for record in run.ledger.unreadable where isMeant(record.service) { try record.setAside() }
        run.stopTimerIfIdle()
    }

    /// What was done, and what is left to do.
    func report(_ change: StackChange, _ plan: PlannedChange, _ world: AdministrationWorld) -> Report {
        StackChangeReport(change: change, plan: plan, host: world.host).make(
            "\(change.service) asks for no code: \(plan.names)", reloads: reload)
    }
}
