import ArgumentParser
import Authentication

/// `twostep bypass`: a code in place of a lost device, for one login and a short time.
struct BypassCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "bypass", abstract: "Issue a code that replaces a step of one login.",
        usage: "twostep bypass <user> --for <duration> --reason <text> [options]",
        discussion: """
            For somebody who cannot use their device. The first factor is needed all the same. The code is shown once, \
            good once, and its use is a warning in the journal. Take it back: twostep remove <user> bypass
            Example: twostep bypass alice --for 15m --reason 'phone at home'
            """)

    @Argument(help: "The local account.") var user: String
    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long it is good: 15m, 8h; 24h at most.", valueName: "duration"))
    var duration: CodeDuration
    @Option(help: ArgumentHelp("Why, for the journal.", valueName: "text")) var reason: String
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        try IssuedCode(
            kind: .bypass, user: user, duration: duration, reason: reason, words: "bypass code"
        ).issue(service, in: world)
    }
}
