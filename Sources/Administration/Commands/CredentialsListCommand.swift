import AdminProtocol
import ArgumentParser

/// `twostep credentials list`: all of them.
struct CredentialsListCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List all credentials.", discussion: "Example: twostep credentials list")

    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let all = try connection.credentials()
        var table = Table(header: ["PROVIDER", "USERNAME", "ACCOUNT", "SINCE"])
        for one in all { table.append([one.provider.name, one.username, one.account, Wording.day(one.createdAt)]) }
        return Report(
            text: all.isEmpty ? "There are no credentials." : table.lines.joined(separator: "\n"),
            json: .object([
                (
                    "credentials",
                    .list(
                        all.map {
                            .object(
                                $0.provider.members + [
                                    ("username", .text($0.username)), ("account", .text($0.account)),
                                    ("created_at", .integer($0.createdAt)),
                                ])
                        })
                )
            ]))
    }
}
