import Daemon
import PAMStacks

/// What several sources have found, for people and for programs.
struct CheckReport {
    private let checked: [(subject: String, findings: [CheckFinding])]

    init(_ sources: [any FindingSource]) { checked = sources.map { ($0.subject, $0.findings()) } }

    /// Warnings and advice leave it good.
    var isGood: Bool { checked.allSatisfy { CheckReport.problems($0.findings) == 0 } }

    var report: Report { Report(isGood ? .done : .refused, text: text, json: json) }

    private static func problems(_ findings: [CheckFinding]) -> Int { findings.count { $0.severity == .problem } }

    /// A line a finding, the worst first, and one that sums them up.
    private var text: String {
        let all = checked.flatMap(\.findings)
        var lines = CheckFinding.Severity.allCases.flatMap { severity in
            all.filter { $0.severity == severity }.map(\.description)
        }
        let bad = checked.filter { CheckReport.problems($0.findings) > 0 }.map { subject, findings in
            "\(subject): \(Wording.count(CheckReport.problems(findings), "problem"))"
        }
        let unseen = checked.filter { $0.findings.contains(where: \.isUnseen) }.map(\.subject)
        let seen = checked.map(\.subject).filter { !unseen.contains($0) }
        if !bad.isEmpty {
            lines.append(bad.joined(separator: ", "))
        } else if !seen.isEmpty {
            let warnings = all.count { $0.severity == .warning }
            let advice = all.count { $0.severity == .advice && !$0.isUnseen }
            let more = [
                warnings == 0 ? nil : Wording.count(warnings, "warning"),
                advice == 0 ? nil : "\(Wording.count(advice, "piece")) of advice",
            ].compactMap { $0 }
            let besides = more.isEmpty ? "" : ", but for \(more.joined(separator: " and "))"
            lines.append("The \(seen.joined(separator: ", ")) \(seen.count == 1 ? "is" : "are") good\(besides).")
        }
        if !unseen.isEmpty { lines.append("Not looked at: \(unseen.joined(separator: ", "))") }
        return lines.joined(separator: "\n")
    }

    private var json: JSONValue {
        .object([
            ("good", .boolean(isGood)),
            (
                "findings",
                .list(checked.flatMap { subject, findings in findings.map { CheckReport.json($0, of: subject) } })
            ),
        ])
    }

    private static func json(_ finding: CheckFinding, of subject: String) -> JSONValue {
        .object([
            ("source", .text(subject)), ("severity", .text(finding.severity.rawValue)), ("file", .text(finding.file)),
            ("line", .integer(finding.line.map { Int64($0) })), ("column", .integer(finding.column.map { Int64($0) })),
            ("found", .text(finding.found)), ("expected", .text(finding.expected)),
            ("replacement", .text(finding.replacement)), ("mend", finding.mend.map { json($0) } ?? .null),
        ])
    }

    /// What a program needs to apply it.
    private static func json(_ mend: Mend) -> JSONValue {
        switch mend {
        case .replace(let path, let lines, let text):
            .object([
                ("action", .text("replace")), ("file", .text(path)), ("first_line", .integer(Int64(lines.lowerBound))),
                ("last_line", .integer(Int64(lines.upperBound))), ("text", .text(text)),
            ])
        case .insert(let path, let line, let text):
            .object([
                ("action", .text("insert")), ("file", .text(path)), ("before_line", .integer(Int64(line))),
                ("text", .text(text)),
            ])
        case .write(let path, let text):
            .object([("action", .text("write")), ("file", .text(path)), ("text", .text(text))])
        case .command(let command): .object([("action", .text("command")), ("text", .text(command))])
        }
    }
}
