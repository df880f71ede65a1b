import AdminProtocol
import ArgumentParser

/// `twostep unlock`: the wrong answers of a user are forgotten, and with them delay and lock.
struct UnlockCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "unlock", abstract: "Forget the failures of a user, and let them try at once.",
        discussion: """
            Of an account that the system's directory does not know at present as well.
            Example: twostep unlock alice
            """)

    @Argument(help: "The local account.") var user: String
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let answer = try connection.ask(.unlock(account: user))
        guard case .unlocked(let unlocking) = answer.reply else { throw connection.misplaced() }
        let text: String
        if unlocking.failures == 0 {
            // Whoever has mistyped a name must not go away content.
            try connection.checkIsKnown(user, in: world, otherwise: "Nothing was unlocked.")
            text = "\(unlocking.account) has no failures to forget."
        } else {
            text = "Forgot \(Wording.count(unlocking.failures, "failure")) of \(unlocking.account)."
        }
        return Report(
            text: text,
            json: .object([
                ("account", .text(unlocking.account)), ("failures_forgotten", .integer(Int64(unlocking.failures))),
            ]), change: unlocking.failures == 0 ? nil : text)
    }
}
