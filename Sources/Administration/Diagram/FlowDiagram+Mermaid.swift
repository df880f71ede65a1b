extension FlowDiagram {
    /// The picture as a flowchart of Mermaid, as many documents show it.
    package var mermaid: String {
        var lines = ["flowchart TD"]
        for node in entry + lanes.flatMap(\.nodes) + [end] { lines += FlowDiagram.mermaid(node) }
        for edge in edges {
            let label = edge.label.map { "|\(FlowDiagram.quoted([$0]))|" } ?? ""
            lines.append("    \(edge.from) -->\(label) \(edge.to)")
        }
        let legend =
            [self.legend.heading].compactMap { $0 }
            + self.legend.rows.map { "\($0.place): \($0.whom): \($0.changes)" } + self.legend.notes
        if !legend.isEmpty {
            lines.append("    policy[\(FlowDiagram.quoted(legend))]")
            if let last = entry.last { lines.append("    policy -.- \(last.id)") }
        }
        return lines.joined(separator: "\n")
    }

    private static func mermaid(_ node: Node) -> [String] {
        guard node.alternatives.isEmpty else {
            return ["    subgraph \(node.id) [\(quoted(node.lines))]"]
                + node.alternatives.flatMap { mermaid($0).map { "    " + $0 } } + ["    end"]
        }
        let text = quoted(node.lines)
        return switch node.kind {
        case .terminal: ["    \(node.id)([\(text)])"]
        case .choice: ["    \(node.id){{\(text)}}"]
        case .step: ["    \(node.id)[\(text)]"]
        }
    }

    /// A label. Mermaid knows no backslash: what means anything to it, to HTML, Markdown or KaTeX goes by its number.
    private static func quoted(_ lines: [String]) -> String {
        let escaped = lines.map { line in
            Columns.oneLine(line).unicodeScalars.map { scalar in
                "\"#$%&*<>\\`".unicodeScalars.contains(scalar) ? "#\(scalar.value);" : String(scalar)
            }.joined()
        }
        return "\"\(escaped.joined(separator: "<br/>"))\""
    }
}
