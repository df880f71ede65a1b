import AdminProtocol
import ArgumentParser
import Authentication

/// `twostep remove`: a device is lost, or its owner has gone.
struct RemoveCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(commandName: "remove", abstract: "Remove a device of a user.")

    @Argument(help: "The local account.") var user: String
    @Argument(help: "What the device is called: see twostep list.") var name: String
    @Option(help: ArgumentHelp("The module, where the user has the name with several.", valueName: "module"))
    var module: String?
    @Flag(name: .customLong("force"), help: "Remove it even if it is the user's last.") var isForced = false
    @Flag(name: .customLong("yes"), help: "Do not ask. Needed where nobody can be asked.") var isAgreed = false
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let reference = try module.map { (argument) throws(CommandFailure) -> ModuleReference in
            guard let reference = ModuleReference(argument: argument) else {
                throw CommandFailure(
                    .usage, code: .usage,
                    "'\(argument)' is no module: expected a type, or a type and an id as in totp:work.")
            }
            return reference
        }
        try agree(on: world.console)
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let answer: DaemonConnection.Answer
        do throws(CommandFailure) {
            answer = try connection.ask(.remove(account: user, device: name, module: reference, force: isForced))
        } catch {
            throw world.explained(error, about: user)
        }
        guard case .removed(let removal) = answer.reply else { throw connection.misplaced() }
        let left = removal.remaining == 0 ? "no device" : Wording.count(removal.remaining, "device")
        let text = """
            Removed the device '\(removal.device)' (\(removal.module.name)) of \(removal.account), \
            who has \(left) left.
            """
        return Report(
            text: text,
            json: .object(
                [("account", .text(removal.account))] + removal.module.members + [
                    ("device", .text(removal.device)), ("remaining", .integer(Int64(removal.remaining))),
                ]), change: text)
    }

    /// Returns if the person, or the command line, says yes.
    private func agree(on console: any Console) throws(CommandFailure) {
        guard !isAgreed else { return }
        guard console.inputIsTerminal else {
            throw CommandFailure(
                .usage, code: .usage, "Nobody can be asked whether '\(name)' of \(user) is to be removed.",
                hint: "Say so on the command line: twostep remove … --yes")
        }
        let question = "Remove the device '\(name)' of \(user)? What it holds cannot be restored. [y/N] "
        let answer = try console.ask(question, otherwise: "Nothing was removed.")
        let isYes = answer?.withBytes { answer in
            ["y", "Y", "yes"].contains { word in word.utf8.elementsEqual(answer.indices.map { answer[$0] }) }
        }
        guard isYes == true else {
            throw CommandFailure(.refused, code: .abandoned, "Nothing was removed.")
        }
    }
}
