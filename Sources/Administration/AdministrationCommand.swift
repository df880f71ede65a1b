import AdminProtocol
package import ArgumentParser
import Authentication
import CPOSIX
import Glibc

/// `twostep`: the command line of the administrator.
package struct AdministrationCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "twostep",
        abstract: "Manage the devices, users and sessions of Twostep's login steps.",
        discussion: """
            Most commands ask twostepd, as root. Exit codes: 0 done, 1 refused, 2 wrong usage, \
            3 twostepd cannot be reached.
            """,
        version: Release.version,
        subcommands: [
            InitCommand.self, EnrollCommand.self, ListCommand.self, RemoveCommand.self, VerifyCommand.self,
            UnlockCommand.self, BypassCommand.self, TicketCommand.self, UserCommand.self, LegacyCommand.self,
            ModuleCommand.self,
            CredentialsCommand.self, SessionsCommand.self,
            ShowCommand.self, ImportCommand.self, ExportCommand.self,
            GrantsCommand.self, BlockCommand.self, UnblockCommand.self, AdoptCommand.self, ExplainCommand.self,
            TrialCommand.self, EnableCommand.self, DisableCommand.self,
            StatusCommand.self, CheckCommand.self, FlowCommand.self, LogCommand.self,
            MetricsCommand.self,
            ReportCommand.self,
            BackupCommand.self, RestoreCommand.self, RekeyCommand.self, StoreCommand.self, HostCommand.self,
        ])

    package init() {}

    /// The whole program, with the arguments and the terminal that this process was started with.
    package static func runProgram() -> Never {
        ProcessConsole.claimStandardDescriptors()
        // A reader that has gone is an error from write(2) and an exit code, not a silent end half-way.
        _ = signal(SIGPIPE, SIG_IGN)
        _ = posix_hide_memory()
        let world = AdministrationWorld(
            console: ProcessConsole(), accounts: HostAccounts(), mayChangeUser: true,
            speaksUTF8: ProcessConsole.speaksUTF8)
        Glibc.exit(execute(Array(CommandLine.arguments.dropFirst()), in: world).rawValue)
    }

    /// Parses, performs and reports; returns how it ended. Nothing is thrown, nothing is left unsaid.
    package static func execute(_ arguments: [String], in world: AdministrationWorld) -> CommandStatus {
        let wantsJSON = arguments.prefix { $0 != "--" }.contains("--json")
        do throws(CommandFailure) {
            switch parse(arguments) {
            case .verb(let verb):
                let report = try verb.perform(in: world)
                try report.write(to: world.console, asJSON: wantsJSON)
                return report.status
            case .help(let text):
                try Report(text: text, json: .text(text)).write(to: world.console, asJSON: false)
                return .done
            case .mistake(let message):
                throw CommandFailure(.usage, code: .usage, message)
            }
        } catch {
            error.write(to: world.console, asJSON: wantsJSON)
            return error.status
        }
    }

    /// The arguments with a `--json` that stands before the command put behind it, where its options are.
    private static func ordered(_ arguments: [String]) -> [String] {
        guard arguments.first == "--json", arguments.count > 1 else { return arguments }
        var rest = Array(arguments.dropFirst())
        rest.insert("--json", at: rest.firstIndex(of: "--") ?? rest.endIndex)
        return rest
    }

    private enum Parsed {
        case verb(any AdministrationVerb)
        case help(String)
        /// What is wrong, and the usage.
        case mistake(String)
    }

    private static func parse(_ given: [String]) -> Parsed {
        let arguments = ordered(given)
        if [[], ["--help"], ["-h"], ["help"]].contains(arguments.filter { $0 != "--json" }) {
            return .help(Overview.text)
        }
        if let mistake = unknownCommand(in: arguments) { return .mistake(mistake) }
        do {
            var command = try parseAsRoot(arguments)
            if let verb = command as? any AdministrationVerb { return .verb(verb) }
            // What is left prints help, by throwing it.
            try command.run()
            return .help("")
        } catch {
            let text = fullMessage(for: error)
            return exitCode(for: error) == .success ? .help(text) : .mistake(text)
        }
    }

    /// What is said of the first word that is no command where one has to stand; nil if all of them are.
    private static func unknownCommand(in arguments: [String]) -> String? {
        let asksForHelp = arguments.first == "help"
        var group: any ParsableCommand.Type = AdministrationCommand.self
        var path = "twostep"
        for word in asksForHelp ? arguments.dropFirst() : arguments[...] {
            let commands = group.configuration.subcommands
            guard !commands.isEmpty, !word.hasPrefix("-") else { return nil }
            if let next = commands.first(where: { $0.configuration.commandName == word }) {
                group = next
                path += " \(word)"
                continue
            }
            let names = commands.compactMap { $0.configuration.commandName }
            let near = Nearness.suggestion(for: word, among: names)
            // It may be meant for the command that stands for none.
            guard near != nil || asksForHelp || group.configuration.defaultSubcommand == nil else { return nil }
            let whose = path == "twostep" ? "" : " of \(path)"
            return """
                Error: '\(word)' is no command\(whose): expected \(names.joined(separator: ", "))\
                \(near.map { ". Did you mean '\($0)'?" } ?? "")
                Usage: \(path) <subcommand>
                  See '\(path) --help' for more information.
                """
        }
        return nil
    }
}
