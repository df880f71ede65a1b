import AdminProtocol
import ArgumentParser
import Authentication
import Daemon

/// `twostep init`: what a machine needs before twostepd can start. Safe to repeat.
struct InitCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make the system user, the directories, the key and a first configuration.",
        usage: "twostep init [options]",
        discussion: """
            Makes what is missing and says for each thing whether it was made or is there already. Nothing is \
            overwritten, and nothing that differs is repaired: it is named, with the command that would. Only what \
            is root's alone is given to the group twostep.
            Example: twostep init
            """)

    @Option(help: ArgumentHelp("The configuration.", valueName: "file")) var config = "/etc/twostep/config.yaml"
    @Option(
        help: ArgumentHelp("The key of the store. Without it, twostep.key beside the configuration.", valueName: "file")
    )
    var keyFile: String?
    @Option(help: ArgumentHelp("Where the store lies.", valueName: "directory"))
    var stateDirectory = InitCommand.usualState
    @Option(help: ArgumentHelp("Where the sockets lie.", valueName: "directory")) var runtimeDirectory = "/run/twostep"
    @OptionGroup var output: OutputOptions

    /// Where the store of the machine's own daemon lies.
    static let usualState = "/var/lib/twostep"

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let configuration = try InitCommand.path(config)
        let installation = try Installation(
            configuration: configuration, key: try InitCommand.path(keyFile ?? "\(configuration.parent)/twostep.key"),
            state: try InitCommand.path(stateDirectory), runtime: try InitCommand.path(runtimeDirectory),
            accounts: world.accounts)
        guard world.accounts.isPrivileged else {
            throw CommandFailure(
                .refused, code: .notPermitted, "Only root can make these files and this user.",
                hint: "Try it with sudo.")
        }
        var steps = try installation.perform()
        let differing = steps.filter { if case .differs = $0.outcome { true } else { false } }
        // A store is made under a key and in a directory that are as they should be, or later.
        if differing.isEmpty { steps.append(try InitCommand.makeStore(installation, in: world)) }
        var lines = steps.map(\.text)
        if differing.isEmpty {
            lines.append("Next: start twostepd, then give a user a device: twostep enroll USER totp")
        } else {
            let verb = differing.count == 1 ? "differs" : "differ"
            lines.append("\(Wording.count(differing.count, "thing")) \(verb); nothing was repaired.")
        }
        return Report(
            differing.isEmpty ? .done : .refused, text: lines.joined(separator: "\n"),
            json: .object([("steps", .list(steps.map(\.json)))]))
    }

    /// The store itself, made last: it needs the directory and the key.
    private static func makeStore(
        _ installation: Installation, in world: AdministrationWorld
    ) throws(CommandFailure) -> InstallationStep {
        do throws(StoreFailure) {
            let created = try world.stores.makeStore(
                in: installation.state.text, keyFile: installation.key.text,
                configuration: installation.configuration.text)
            return InstallationStep(
                kind: "store",
                subject: OfflineStore.database(in: installation.configuration.text) ?? installation.state.text,
                outcome: created ? .created : .present)
        } catch {
            throw CommandFailure(
                .refused, code: .files, "The store cannot be made: \(error.description).",
                hint: "Mend that and type again: twostep init")
        }
    }

    /// An absolute path with a name at its end.
    private static func path(_ text: String) throws(CommandFailure) -> InstallationPath {
        guard let path = InstallationPath(text) else {
            throw CommandFailure(
                .usage, code: .usage, "'\(text)' is no place for this: expected an absolute path without . and ..")
        }
        return path
    }
}
