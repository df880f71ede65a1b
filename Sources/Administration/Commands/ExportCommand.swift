import AdminProtocol
import ArgumentParser
import Authentication

/// `twostep export`: a user's devices as otpauth URIs, for another program.
struct ExportCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write the devices of a user as otpauth:// URIs.",
        discussion: """
            To a file of mode 0600 that was not there, or to a terminal. The journal has a record of each. \
            Example: twostep export alice --output alice.txt
            """)

    @Argument(help: "The local account.") var user: String
    @Option(help: ArgumentHelp("The file to make.", valueName: "file")) var output: String?
    @Flag(name: .customLong("to-pipe"), help: "Write to standard output even if it is no terminal.") var toPipe = false
    @OptionGroup var service: ServiceOptions
    @OptionGroup var format: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        guard output != nil || toPipe || world.console.outputIsTerminal else {
            throw CommandFailure(
                .usage, code: .usage, "Standard output is no terminal, and what is exported is secret.",
                hint: "Name a file with --output, or say --to-pipe.")
        }
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let listing = try connection.listing(of: user)
        var exported: [EnrolledDevice] = []
        var left: [EnrolledDevice] = []
        var uris: [SharedSecret] = []
        for device in listing.devices {
            do throws(CommandFailure) {
                let answer = try connection.ask(
                    .show(account: user, device: device.device, module: device.module, purpose: .export))
                guard case .shown = answer.reply else { throw connection.misplaced() }
                uris.append(try connection.secret(0, of: answer))
                exported.append(device)
            } catch {
                // Recovery codes and PINs have no URI.
                guard error.refusal.code == .unknownModule else { throw error }
                left.append(device)
            }
        }
        guard !exported.isEmpty else {
            throw CommandFailure(
                .refused, code: .unknownDevice, "\(user) has no device that could be exported.",
                hint: world.absence(of: user))
        }
        return try report(exported, uris, left)
    }

    private func report(
        _ exported: [EnrolledDevice], _ uris: [SharedSecret], _ left: [EnrolledDevice]
    ) throws(CommandFailure) -> Report {
        let lines = OutputBuffer()
        for uri in uris {
            uri.secret.withBytes { lines.append(printable: $0) }
            lines.append("\n")
        }
        var members: [(String, JSONValue)] = [
            ("account", .text(user)), ("devices", .list(exported.map { .text($0.device) })),
            ("left_behind", .list(left.map { .text($0.device) })),
        ]
        let behind = left.map { "'\($0.device)' (\($0.module.name)) has no URI and was left behind." }
        guard let output else {
            members.append(("uris", .list(uris.map { .secret($0) })))
            // Whoever reads a pipe wants URIs alone.
            return Report(
                text: (toPipe ? [] : behind).joined(separator: "\n"), appendix: lines, json: .object(members))
        }
        try PrivateFile.create(output, lines)
        members.append(("file", .text(output)))
        let text = "Wrote \(Wording.count(exported.count, "device")) of \(user) to \(output)."
        return Report(text: (behind + [text]).joined(separator: "\n"), json: .object(members), change: text)
    }
}
