import AdminProtocol
import ArgumentParser

/// `twostep explain`: what a login would come to, and why.
struct ExplainCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say what a login would come to, and why, without logging in.",
        usage: "twostep explain <service> <user> [options]",
        discussion: """
            Charges nothing, and takes every password and code for right. Exits with 0 whatever the login would come to.
            Example: twostep explain sshd alice --rhost 192.0.2.7 --ssh "publickey ssh-ed25519"
            """)

    @Argument(help: "The PAM service: sshd, sudo, login.") var pamService: String
    @Argument(help: "The local account.") var user: String
    @Option(help: ArgumentHelp("Where the login comes from.", valueName: "host")) var rhost: String?
    @Option(help: ArgumentHelp("The terminal that it is asked from: /dev/pts/3.", valueName: "terminal")) var tty:
        String?
    @Option(help: ArgumentHelp("What sshd has accepted: publickey. May be said again.", valueName: "method"))
    var ssh: [String] = []
    @Flag(help: "A line above has taken a password.") var authtok = false
    @Option(help: ArgumentHelp("Who asks, if not root: the account itself.", valueName: "uid")) var uid: UInt32?
    @Option(help: ArgumentHelp("What the PAM line says: provider=.", valueName: "provider")) var provider: String?
    @Option(help: ArgumentHelp("When, if not now: '2026-11-22 08:00'.", valueName: "time")) var at: String?
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        var moment: Int64?
        if let at {
            guard let read = Wording.moment(from: at) else {
                throw CommandFailure(
                    .usage, code: .usage, "'\(at)' is no time: expected one like '2026-11-22 08:00'.")
            }
            moment = read
        }
        var reference: ProviderReference?
        if let provider { reference = try ProviderReference(argument: provider) }
        let login = SupposedLogin(
            service: pamService, account: user, remoteHost: rhost, terminal: tty, ssh: ssh, hasAuthtok: authtok,
            caller: uid, provider: reference, moment: moment)
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let answer = try connection.ask(.explain(login: login))
        guard case .explained(let explanation) = answer.reply else { throw connection.misplaced() }
        return Report(text: explanation.lines.joined(separator: "\n"), json: explanation.document)
    }
}
