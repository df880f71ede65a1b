import AdminProtocol
import Administration
import Foundation
import Testing

@Suite struct MetricsCommandTests {
    static let nasty = #"a"b\c"# + "\nd{},= é"

    static let snapshot = MetricsSnapshot(families: [
        MetricFamily(
            "twostep_build", .info, help: "The version.",
            samples: [MetricSample("_info", [MetricLabel("version", "0.1.0")], value: 1)]),
        MetricFamily(
            "twostep_logins", .counter, help: #"Logins, by "how" and why\n."#,
            samples: [
                MetricSample("_total", [MetricLabel("result", "denied"), MetricLabel("service", nasty)], value: 3),
                MetricSample("_total", [MetricLabel("result", "granted"), MetricLabel("service", "")], value: 0),
            ]),
        MetricFamily(
            "twostep_commit_duration_seconds", .histogram, unit: "seconds", help: "How long.",
            samples: [
                MetricSample("_bucket", [MetricLabel("le", "0.5")], value: 2),
                MetricSample("_bucket", [MetricLabel("le", "+Inf")], value: 3), MetricSample("_count", value: 3),
                MetricSample("_sum", value: 0.1 + 0.2),
            ]),
        MetricFamily(
            "twostep_open_sessions", .gauge, help: "Open.", samples: [MetricSample("", value: 12)]),
        MetricFamily("twostep_answers", .counter, help: "None yet.", samples: []),
    ])

    private func run(_ arguments: [String]) throws -> (status: CommandStatus, output: String, errors: String) {
        let daemon = try ScriptedDaemon([.exchange(.metrics, reply: .metrics(Self.snapshot))])
        let console = ScriptedConsole()
        let status = AdministrationCommand.execute(
            ["metrics", "--runtime-directory", daemon.runtimeDirectory] + arguments,
            in: AdministrationWorld(console: console, accounts: ScriptedAccounts()))
        #expect(daemon.finish() == [])
        return (status, console.output, console.errors)
    }

    @Test func `what is printed is OpenMetrics, and says what was counted`() throws {
        let shown = try run([])
        #expect(shown.status == .done)
        let read = try OpenMetrics(shown.output)
        #expect(read.families.map(\.name) == Self.snapshot.families.map(\.name))
        for (found, expected) in zip(read.families, Self.snapshot.families) {
            #expect(found.type == expected.kind.rawValue && found.unit == expected.unit ?? "")
            #expect(found.help == expected.help)
            #expect(
                found.samples
                    == expected.samples.map { sample in
                        OpenMetrics.Sample(
                            name: expected.name + sample.suffix,
                            labels: Dictionary(uniqueKeysWithValues: sample.labels.map { ($0.name, $0.value) }),
                            value: sample.value)
                    })
        }
    }

    @Test(arguments: [
        "# TYPE a counter\na_total 1", "# EOF", "# TYPE a counter\na 1\n# EOF\n", "a 1\n# EOF\n",
        "# TYPE a gauge\na{b=\"c} 1\n# EOF\n", "# TYPE a gauge\na{b=\"\\x\"} 1\n# EOF\n",
        "# TYPE a gauge\na 1\na 1\n# EOF\n", "# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n",
        "# TYPE a gauge\na one\n# EOF\n", "# TYPE a gauge\n\na 1\n# EOF\n",
        "# TYPE a histogram\na_bucket{le=\"1.0\"} 1\n# EOF\n",
    ]) func `the reader takes nothing else for OpenMetrics`(_ text: String) {
        #expect(throws: OpenMetrics.Problem.self) { _ = try OpenMetrics(text) }
    }

    @Test func `the file for the node exporter appears whole, readable by all, in the format that it reads`() throws {
        let folder = try TemporaryFolder.make()
        defer { TemporaryFolder.remove(folder) }
        let path = "\(folder)/twostep.prom"
        try "old".write(toFile: path, atomically: false, encoding: .utf8)
        let shown = try run(["--textfile", path])
        #expect(shown.status == .done && shown.output.isEmpty && shown.errors.isEmpty)
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(
            lines.contains("# TYPE twostep_logins_total counter") && lines.contains("# TYPE twostep_build_info gauge"))
        #expect(lines.contains("twostep_open_sessions 12") && lines.last == "# EOF")
        #expect(!lines.contains { $0.hasPrefix("# UNIT") || $0.hasSuffix(" info") })
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o644)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["twostep.prom"])
    }

    @Test func `a file that cannot be written is said, and leaves nothing behind`() throws {
        let folder = try TemporaryFolder.make()
        defer { TemporaryFolder.remove(folder) }
        let shown = try run(["--textfile", "\(folder)/none/twostep.prom"])
        #expect(shown.status == .refused && shown.errors.contains("cannot be written"))
    }
}
