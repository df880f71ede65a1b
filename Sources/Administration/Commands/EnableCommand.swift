import AdminProtocol
import ArgumentParser
import Daemon
import PAMStacks

/// `twostep enable`: a service asks for a code from now on, or until nobody has confirmed that it should.
struct EnableCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "enable", abstract: "Have a service ask for a code, safely.",
        usage: """
            twostep enable <service> [--confirm-within <duration>] [options]
            twostep enable --confirm
            twostep enable --undo-overdue
            """,
        discussion: """
            Writes our line into the service's stack, for sshd its settings as well, after it has shown the difference. \
            The files are kept as they were. With --confirm-within they are put back unless you type \
            "twostep enable --confirm" in a session that has logged in anew; that holds through a reboot.
            Examples: twostep enable sudo --confirm-within 5m
                      twostep enable sshd --key --reload --confirm-within 5m
            """)

    @Argument(help: "The PAM service: sshd, sudo, su, login, or any in /etc/pam.d.") var service: ServiceName?
    @Flag(help: "Confirm what waits for it: from a session that has logged in since.") var confirm = false
    @Flag(help: "Undo what nobody has confirmed in time. The unit twostep-undo.service does this.")
    var undoOverdue = false
    @Option(help: ArgumentHelp("Undo it unless it is confirmed in this time: 5m, 1h.", valueName: "duration"))
    var confirmWithin: CodeDuration?
    @Flag(help: "sshd: a key, then a code. What is done where neither this nor --password is said.") var key = false
    @Flag(help: "sshd: the password, then a code.") var password = false
    @Flag(help: "login: say that the console is meant, the way in that is left when all else fails.") var console =
        false
    @Flag(help: "sshd: have it read its settings now.") var reload = false
    @Flag(help: "Do not ask.") var yes = false
    @OptionGroup var daemon: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        guard world.accounts.isPrivileged else {
            throw CommandFailure(
                .refused, code: .notPermitted, "Only root changes how people log in. Nothing was changed.",
                hint: "Try it with sudo.")
        }
        let run = StackChangeRun(world.host)
        switch (service, confirm, undoOverdue) {
        case (let service?, false, false): return try enable(ServiceGroup(service), run, world)
        case (nil, true, false):
            return try ConfirmRun(
                run: run, runtimeDirectory: daemon.runtimeDirectory, replyLimit: world.replyLimit
            ).perform()
        case (nil, false, true):
            let undo = UndoRun(run: run)
            let undone = try undo.perform()
            for complaint in undo.complaints(undone) {
                try world.console.say(JournalLevel.error + complaint, on: .errors)
            }
            // The unit asks every ten seconds, and nobody reads that.
            if undone.isEmpty, world.console.outputIsTerminal { return undo.reportOfWaiting }
            return undo.report(undone)
        case _:
            throw CommandFailure(
                .usage, code: .usage,
                "Expected one of: twostep enable SERVICE, twostep enable --confirm, twostep enable --undo-overdue.")
        }
    }

    private func enable(
        _ group: ServiceGroup, _ run: StackChangeRun, _ world: AdministrationWorld
    ) throws(CommandFailure) -> Report {
        let shape = try shape(of: group)
        try run.ledger.prepare()
        try run.checkNothingWaits(of: group.name, for: .enable)
        let connection = try DaemonConnection.open(daemon.runtimeDirectory, limit: world.replyLimit)
        let configuration = try connection.checkServing()
        let tree = StackTree(root: world.host.root)
        try ModuleFolder.check(tree.files)
        if confirmWithin != nil { try UndoTimer(host: world.host).check() }
        let administrator = world.host.administrator
        let ready = try connection.checkRecovery(of: administrator == "root" ? ["root"] : [administrator, "root"])
        let plan = try EnablePlan(tree: tree, group: group, shape: shape).make()
        try EnableReview.checkPermissions(plan, root: world.host.root)
        var warnings = try EnableReview.check(plan, tree)
        let after = EnablePlan.tree(tree, after: plan)
        if group.name == "sshd" {
            warnings += try SSHDFragment(hasKeys: shape == .key, isChosen: key).check(after, world.host)
        }
        warnings += EnableCommand.exemptions(plan.services, configuration, world)
        // It asks for the code of whom somebody becomes, and that is root most of the time.
        if group.name == "su", !ready.contains("root") {
            warnings.append(
                "su asks for the code of whom one becomes, and root has no device and recovery codes: nobody becomes root by su "
                    + "any more. If anybody is to: twostep enroll root totp")
        }
        for warning in warnings { try world.console.say(warning, on: .errors) }
        // sshd proves a key itself; what its settings are was tried above.
        for service in plan.services where service != "sshd" {
            let stack = after.stack(of: service)
            guard stack.isGuarded, !stack.asksBefore else { continue }
            let caller = UnknownServices.isLocker(service) ? world.uid(of: administrator) : nil
            try connection.checkEvidence(of: service, for: administrator, caller: caller)
        }
        if !output.isJSON { try world.console.say(plan.difference, on: .output) }
        try world.console.agree(
            to: "Write this?", isAgreed: yes, otherwise: "Nothing was changed.",
            command: "twostep enable \(group.name)")
        let change = try run.carryOut(
            plan, .enable, limit: confirmWithin?.seconds, takesBack: nil, record: try connection.newestRecord())
        return StackChangeReport(change: change, plan: plan, host: world.host).make(
            "\(change.service) asks for a code: \(plan.names)", reloads: reload,
            unlimited:
                "Leave this shell open until you have logged in anew. Back leads: twostep disable \(change.service)")
    }

    /// What is to be known of the policy beforehand: whether it lets everybody off.
    private static func exemptions(
        _ services: [String], _ path: String, _ world: AdministrationWorld
    ) -> [String] {
        let read = InspectedConfiguration(path: path, allowsInsecure: true, asDaemon: world.mayChangeUser)
        guard let policy = read.active?.policy else { return [] }
        return ExemptionReview(policy, path: path).findings(for: services).map(\.summary)
    }

    /// Where the code comes in, of what was said on the command line.
    private func shape(of group: ServiceGroup) throws(CommandFailure) -> StackShape {
        func refuse(_ message: String, hint: String? = nil) -> CommandFailure {
            CommandFailure(.usage, code: .usage, "\(message) Nothing was changed.", hint: hint)
        }
        guard !(key && password) else { throw refuse("--key and --password are one or the other.") }
        guard group.name == "sshd" || !(key || password || reload) else {
            throw refuse("--key, --password and --reload are for sshd.")
        }
        guard group.name == "login" || !console else { throw refuse("--console is for login.") }
        if let confirmWithin, !(30...604_800).contains(confirmWithin.seconds) {
            throw refuse("--confirm-within is \(confirmWithin.seconds) s, expected 30s to 7d.")
        }
        switch group.name {
        case "sshd": return password ? .behindPassword : .key
        case "login":
            guard console else {
                throw refuse(
                    "The console is the way in that is left when all else fails.",
                    hint: "Root keeps it with the password alone; everybody else needs a code there, too. If that is "
                        + "meant: twostep enable login --console")
            }
            return .console
        // They put one question: the code takes the password's place.
        case "swaylock", "i3lock": return .key
        case _: return .behindPassword
        }
    }
}
