import Daemon

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
        let subjects = checked.map(\.subject).joined(separator: ", ")
        lines.append(
            bad.isEmpty ? "The \(subjects) \(checked.count == 1 ? "is" : "are") good." : bad.joined(separator: ", "))
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
            ("replacement", .text(finding.replacement)),
        ])
    }
}
