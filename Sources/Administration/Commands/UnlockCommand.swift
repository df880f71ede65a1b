import AdminProtocol
import ArgumentParser

/// `twostep unlock`: the wrong answers of a user are forgotten, and with them delay and lock.
struct UnlockCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "unlock", abstract: "Forget the failures of a user, and let them try at once.",
        discussion: "Example: twostep unlock alice")

    @Argument(help: "The local account.") var user: String
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let answer = try connection.ask(.unlock(account: user))
        guard case .unlocked(let unlocking) = answer.reply else { throw connection.misplaced() }
        let text =
            unlocking.failures == 0
            ? "\(unlocking.account) has no failures to forget." + (world.absence(of: user).map { "\n\($0)" } ?? "")
            : "Forgot \(Wording.count(unlocking.failures, "failure")) of \(unlocking.account)."
        return Report(
            text: text,
            json: .object([
                ("account", .text(unlocking.account)), ("failures_forgotten", .integer(Int64(unlocking.failures))),
            ]), change: unlocking.failures == 0 ? nil : text)
    }
}
