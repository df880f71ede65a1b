import AdminProtocol
import ArgumentParser
import Authentication

/// `twostep remove`: a device is lost, or its owner has gone.
struct RemoveCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a device of a user, or of yourself.",
        usage: "twostep remove [<user>] <name> [--module <module>] [options]",
        discussion: """
            Asks first. Whoever is not root removes their own, where the configuration lets them (self_service), and first \
            answers with one that they have.
            Example: twostep remove alice phone
            For yourself: twostep remove phone
            """)

    @Argument(help: "The local account; root names it.") var user: String
    @Argument(help: "What the device is called: see twostep list.") var name: String?
    @Option(help: ArgumentHelp("The module, where the user has the name with several.", valueName: "module"))
    var module: String?
    @Flag(name: .customLong("force"), help: "Remove it even if it is the user's last.") var isForced = false
    @Flag(name: .customLong("yes"), help: "Do not ask. Needed where nobody can be asked.") var isAgreed = false
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let reference = try module.map { (argument) throws(CommandFailure) in try ModuleReference(argument: argument) }
        if !world.accounts.isPrivileged, name == nil || world.isAboutOneself(user) {
            return try removeOwn(name ?? user, reference, in: world)
        }
        guard let name else {
            throw CommandFailure(
                .usage, code: .usage, "Which device? Nothing was removed.",
                hint: "Type: twostep remove \(Wording.word(user)) <name>")
        }
        let otherwise = "Nothing was removed."
        let command = "twostep remove \(Wording.word(user)) \(Wording.word(name))"
        try world.console.checkCanAsk(isAgreed: isAgreed, otherwise: otherwise, command: command)
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let answer: DaemonConnection.Answer
        do throws(CommandFailure) {
            // Nobody is asked about what is refused whatever they say.
            if !isAgreed {
                _ = try connection.ask(
                    .checkRemoval(account: user, device: name, module: reference, force: isForced))
            }
            try world.console.agree(
                to: "Remove the device '\(name)' of \(user)? What it holds cannot be restored.", isAgreed: isAgreed,
                otherwise: otherwise, command: command)
            answer = try connection.ask(.remove(account: user, device: name, module: reference, force: isForced))
        } catch {
            throw world.explained(error, about: user)
        }
        return try report(answer, connection)
    }

    /// Removes a device of whoever has typed the command.
    private func removeOwn(
        _ name: String, _ module: ModuleReference?, in world: AdministrationWorld
    ) throws(CommandFailure) -> Report {
        guard !isForced else {
            throw CommandFailure(
                .refused, code: .notPermitted, "--force is for root alone. Nothing was removed.")
        }
        let otherwise = "Nothing was removed."
        let command = "twostep remove \(Wording.word(name))"
        try world.console.checkCanAsk(isAgreed: isAgreed, otherwise: otherwise, command: command)
        let connection = try DaemonConnection.open(service.runtimeDirectory, .own, limit: world.replyLimit)
        // Nobody is asked about, or spends a code on, what is refused whatever they say.
        _ = try connection.ask(own: .checkRemoval(device: name, module: module))
        try world.console.agree(
            to: "Remove your device '\(name)'? What it holds cannot be restored.", isAgreed: isAgreed,
            otherwise: otherwise, command: command)
        _ = try connection.prove(on: world.console, otherwise: otherwise)
        return try report(try connection.ask(own: .remove(device: name, module: module)), connection)
    }

    private func report(
        _ answer: borrowing DaemonConnection.Answer, _ connection: borrowing DaemonConnection
    ) throws(CommandFailure) -> Report {
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
}
