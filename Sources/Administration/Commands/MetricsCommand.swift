import AdminProtocol
import ArgumentParser

/// `twostep metrics`: what is counted, for Prometheus and its kin.
struct MetricsCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "Write twostepd's counters as OpenMetrics text.",
        discussion: """
            With --textfile they are written to a file for the node exporter instead, in the older format that it reads.
            Example: twostep metrics --textfile /var/lib/prometheus/node-exporter/twostep.prom
            """)

    @Option(help: ArgumentHelp("Write this file, whole or not at all, and print nothing.", valueName: "path"))
    var textfile: String?
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let answer = try connection.ask(.metrics)
        guard case .metrics(let snapshot) = answer.reply else { throw connection.misplaced() }
        guard let textfile else {
            return Report(
                text: MetricsText(.openMetrics).lines(snapshot).joined(separator: "\n"), json: json(snapshot))
        }
        let text = MetricsText(.prometheus).lines(snapshot).joined(separator: "\n") + "\n"
        try ReplacedFile.write(text, to: textfile)
        return Report(
            text: "",
            json: .object([
                ("textfile", .text(textfile)), ("metrics", .integer(Int64(snapshot.families.count))),
            ]))
    }

    private func json(_ snapshot: MetricsSnapshot) -> JSONValue {
        .object([
            (
                "metrics",
                .list(
                    snapshot.families.map { family in
                        .object([
                            ("name", .text(family.name)), ("type", .text(family.kind.rawValue)),
                            ("unit", .text(family.unit)), ("help", .text(family.help)),
                            ("samples", .list(family.samples.map { json($0, of: family) })),
                        ])
                    })
            )
        ])
    }

    /// The value is text, as in the document that it stands for: JSON's numbers are not everybody's.
    private func json(_ sample: MetricSample, of family: MetricFamily) -> JSONValue {
        .object([
            ("name", .text(family.name + sample.suffix)),
            ("labels", .object(sample.labels.map { ($0.name, JSONValue.text($0.value)) })),
            ("value", .text(MetricsText.number(sample.value))),
        ])
    }
}
