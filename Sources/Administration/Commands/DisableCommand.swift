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
        let group = ServiceGroup(service)
        try run.checkNothingWaits(of: group.name)
        let (change, plan) = try disable(group, run, world)
        return report(change, plan, world)
    }

    private func disable(
        _ group: ServiceGroup, _ run: StackChangeRun, _ world: AdministrationWorld
    ) throws(CommandFailure) -> (StackChange, PlannedChange) {
        let enabled = run.ledger.changes.filter { $0.service == group.name && $0.action == .enable }
        let plan = try DisablePlan(
            tree: StackTree(root: world.host.root), group: group, ledger: run.ledger, changes: enabled
        ).make()
        if !output.isJSON { try world.console.say(plan.difference, on: .output) }
        try world.console.agree(
            to: "Write this? From then on \(group.name) asks for no code.", isAgreed: yes,
            otherwise: "Nothing was changed.", command: "twostep disable \(group.name)")
        let change = try run.carryOut(
            plan, .disable, limit: confirmWithin?.seconds, takesBack: enabled.last, record: (0, 0))
        return (change, plan)
    }

    /// What the removal of the package does: all that was changed goes back, whatever it waits for.
    private func disableAll(_ run: StackChangeRun, _ world: AdministrationWorld) throws(CommandFailure) -> Report {
        try run.ledger.prepare()
        for complaint in try undoUnfinished(run) { try world.console.say(complaint, on: .errors) }
        var lines: [String] = []
        var done: [JSONValue] = []
        for name in Set(run.ledger.changes.map(\.service)).sorted() {
            guard let service = ServiceName(argument: name) else { continue }
            let (change, plan) = try disable(ServiceGroup(service), run, world)
            lines.append(report(change, plan, world).text)
            done.append(change.json)
        }
        if lines.isEmpty { lines.append("Nothing of what \"twostep enable\" has changed is left.") }
        return Report(
            text: lines.joined(separator: "\n"), json: .object([("disabled", .list(done))]),
            change: lines.joined(separator: " "))
    }

    /// What has gone wrong with it.
    private func undoUnfinished(_ run: StackChangeRun) throws(CommandFailure) -> [String] {
        let lock = try run.ledger.lock()
        defer { lock.release() }
        let undo = UndoRun(run: run)
        let unfinished = run.ledger.changes.reversed().filter { $0.phase == .pending || $0.phase == .writing }
        let complaints = undo.complaints(unfinished.map { undo.undo($0) })
        run.stopTimerIfIdle()
        return complaints
    }

    private func report(_ change: StackChange, _ plan: PlannedChange, _ world: AdministrationWorld) -> Report {
        StackChangeReport(change: change, plan: plan, host: world.host).make(
            "\(change.service) asks for no code: \(plan.names)", reloads: reload)
    }
}
