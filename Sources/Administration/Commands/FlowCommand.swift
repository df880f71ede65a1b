import AdminProtocol
import ArgumentParser
import Daemon

/// `twostep flow`: the configured flow as a picture.
struct FlowCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "flow", abstract: "Draw what a login goes through.",
        usage: "twostep flow [--config <file>] [--service <name>] [--format <format>]",
        discussion: """
            Reads the configuration, needs no twostepd, and draws the flow that it makes: providers, modules in their \
            order, credentials, and what the rules of the policy change. There is no --json: 'mermaid' is for programs.
            Example: twostep flow --service sshd --format svg
            """)

    /// What the picture is made of.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, mermaid, svg
    }

    @OptionGroup var file: ConfigurationOptions
    @Option(help: ArgumentHelp("Draw what logins through this service go through.", valueName: "name"))
    var service: String?
    @Option(help: ArgumentHelp("'text' for terminals, 'mermaid' or 'svg' for documents.", valueName: "format"))
    var format = Format.text

    func validate() throws {
        if service?.isEmpty == true { throw ValidationError("'' is no service") }
    }

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let inspected = InspectedConfiguration(
            path: file.config, allowsInsecure: file.allowInsecureExample, asDaemon: world.mayChangeUser)
        guard let active = inspected.active else {
            let problems = inspected.findings.count { $0.severity == .problem }
            throw CommandFailure(
                .refused, code: .misconfigured,
                "A broken configuration has no flow: \(file.config) has \(Wording.count(problems, "problem")).",
                hint: "See: twostep check --config \(file.config)")
        }
        let diagram = FlowDiagram(active, service: service)
        let drawing =
            switch format {
            case .text: diagram.text(inASCII: !world.speaksUTF8)
            case .mermaid: diagram.mermaid
            case .svg: diagram.svg
            }
        return Report(text: drawing, json: .text(drawing))
    }
}
