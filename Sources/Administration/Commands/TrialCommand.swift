import AdminProtocol
import ArgumentParser
import Glibc

/// `twostep trial`: a whole PAM conversation, without logging anybody in.
struct TrialCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "trial", abstract: "Try a PAM stack from beginning to end, without logging in.",
        discussion: """
            Asks what the service would ask, and says what would have come of it. To twostepd it is a login like any \
            other: a code that was accepted is spent, a wrong one counts, and the journal has it; but nothing is \
            remembered, and it confirms no change. Exits with 0 if PAM would let the user in, else with 1.
            Examples: twostep trial sshd alice --ssh-key
                      twostep trial sudo alice --stack ./sudo.draft
            """)

    @Argument(help: "The PAM service, as it is called in /etc/pam.d.") var service: ServiceName
    @Argument(help: "The local account.") var user: String
    @Flag(help: "As if sshd had accepted a public key.") var sshKey = false
    @Option(help: ArgumentHelp("As if the login came from there (PAM_RHOST).", valueName: "host")) var rhost: String?
    @Option(help: ArgumentHelp("As if the login came through this terminal (PAM_TTY).", valueName: "terminal"))
    var tty: String?
    @Option(
        help: ArgumentHelp("Try this file as the service's stack, which need not be installed.", valueName: "file"))
    var stack: String?
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        guard world.accounts.isPrivileged else {
            throw CommandFailure(
                .refused, code: .notPermitted, "Only root can ask PAM about others. Nobody was asked anything.",
                hint: "Try it with sudo.")
        }
        guard !sshKey || service.text == "sshd" else {
            throw CommandFailure(
                .usage, code: .usage,
                "--ssh-key is for sshd: nobody tells \(service.text) of a key. Nobody was asked anything.")
        }
        let ledger = ChangeLedger(root: world.host.root)
        try ledger.noteTrial()
        defer { ledger.forgetOwnTrial() }
        if let absence = world.absence(of: user) { try world.console.say(absence, on: .errors) }
        // Whoever leaves must leave no folder behind.
        world.console.holdInterrupts()
        let conversation = TrialConversation(world.console)
        let outcome: TrialOutcome
        if let stack {
            let folder = try TrialFolder.make(service.text, draft: stack)
            outcome = try folder.withPath { path throws(CommandFailure) in try run(conversation, in: path, world) }
        } else {
            outcome = try run(conversation, in: nil, world)
        }
        let messages = conversation.messages.map { message -> JSONValue in
            .object([("style", .text(message.style.rawValue)), ("text", .secret(message.text))])
        }
        return Report(
            outcome.isLetIn ? .done : .refused,
            text: outcome.sentences(service: service.text, user: user, questions: conversation.questions)
                .joined(separator: "\n"),
            json: .object([
                ("service", .text(service.text)), ("user", .text(user)), ("stack", .text(stack)),
                ("let_in", .boolean(outcome.isLetIn)), ("messages", .list(messages)),
                ("authentication", outcome.authentication.json), ("account", outcome.account?.json ?? .null),
                ("provider", .text(outcome.provider)), ("modules", .text(outcome.modules)),
            ]),
            change: "the trial of \(service.text) for \(user), which counts as a login")
    }

    private func run(
        _ conversation: TrialConversation, in folder: String?, _ world: AdministrationWorld
    ) throws(CommandFailure) -> TrialOutcome {
        let trial = PAMTrial(
            service: service.text, user: user,
            surroundings: TrialSurroundings(
                service: service.text, user: user, hasKey: sshKey, remoteHost: rhost, terminal: tty,
                ownTerminal: TrialCommand.ownTerminal, caller: ProcessEnvironment.value(of: "SUDO_USER") ?? "root"),
            folder: folder)
        // su's own stack lets root through at once. Who it runs for is not root but by the effective uid.
        let becomesCaller = service.text == "su" || service.text == "su-l"
        guard becomesCaller, world.mayChangeUser else { return try trial.run(conversation) }
        let caller = ProcessEnvironment.value(of: "SUDO_UID").flatMap { UInt32($0) } ?? 0
        guard setreuid(caller == 0 ? 65_534 : caller, 0) == 0 else {
            throw CommandFailure(.refused, code: .trial, "The real uid cannot be changed: \(SystemError.text(errno)).")
        }
        defer { _ = setreuid(0, 0) }
        return try trial.run(conversation)
    }

    private static var ownTerminal: String? {
        guard let name = unsafe ttyname(STDIN_FILENO) else { return nil }
        return unsafe String(cString: name)
    }
}
