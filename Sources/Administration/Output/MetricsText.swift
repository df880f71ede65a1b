package import AdminProtocol

/// Metrics as text, in either of two tongues that nearly agree.
package struct MetricsText {
    /// Who is to read it.
    package enum Dialect: Sendable {
        /// OpenMetrics 1.0, as scrapers ask for it.
        case openMetrics
        /// Prometheus' text format 0.0.4, which is all that the node exporter's textfile collector reads: there
        /// counters are declared by the names of their samples, and nothing is an info.
        case prometheus
    }

    private let dialect: Dialect

    package init(_ dialect: Dialect) { self.dialect = dialect }

    /// The whole document, without the last newline.
    package func lines(_ snapshot: MetricsSnapshot) -> [String] {
        snapshot.families.flatMap(lines) + ["# EOF"]
    }

    private func lines(_ family: MetricFamily) -> [String] {
        var declared = family.name
        var kind = family.kind.rawValue
        if dialect == .prometheus {
            switch family.kind {
            case .counter: declared += "_total"
            case .info: (declared, kind) = (declared + "_info", "gauge")
            case .gauge, .histogram: break
            }
        }
        var lines = ["# TYPE \(declared) \(kind)"]
        if let unit = family.unit, dialect == .openMetrics { lines.append("# UNIT \(declared) \(unit)") }
        lines.append("# HELP \(declared) \(MetricsText.escaped(family.help, quote: dialect == .openMetrics))")
        return lines + family.samples.map { line($0, of: family) }
    }

    private func line(_ sample: MetricSample, of family: MetricFamily) -> String {
        var line = family.name + sample.suffix
        if !sample.labels.isEmpty {
            let labels = sample.labels.map { "\($0.name)=\"\(MetricsText.escaped($0.value, quote: true))\"" }
            line += "{" + labels.joined(separator: ",") + "}"
        }
        return line + " " + MetricsText.number(sample.value)
    }

    /// Whole numbers without a point, as both tongues allow.
    static func number(_ value: Double) -> String {
        Int64(exactly: value).map { String($0) } ?? String(value)
    }

    private static func escaped(_ text: String, quote: Bool) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped.append(contentsOf: "\\\\".unicodeScalars)
            case "\n": escaped.append(contentsOf: "\\n".unicodeScalars)
            case "\"" where quote: escaped.append(contentsOf: "\\\"".unicodeScalars)
            case _: escaped.append(scalar)
            }
        }
        return String(escaped)
    }
}
