import ArgumentParser
import Authentication

/// `twostep ticket`: what somebody needs to set up a first device within a login, where a rule asks for one.
struct TicketCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "ticket", abstract: "Issue a ticket for the enrolment within a login.",
        usage: "twostep ticket <user> [--for <duration>] [options]",
        discussion: """
            A rule with unenrolled: enroll and ticket: required asks for it before it shows a secret. It is shown once \
            and good once. Take it back: twostep remove <user> ticket
            Example: twostep ticket alice --for 24h
            """)

    @Argument(help: "The local account.") var user: String
    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long it is good: 24h (the default), 7d; 30d at most.", valueName: "duration"))
    var duration = CodeDuration(seconds: 86_400)
    @Option(help: ArgumentHelp("Why, for the journal.", valueName: "text")) var reason: String?
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        try IssuedCode(
            kind: .ticket, user: user, duration: duration, reason: reason, words: "ticket"
        ).issue(service, in: world)
    }
}
