import Configuration
package import PAMStacks

/// One thing that a check has found: where, what, and what should stand there.
package struct CheckFinding: Equatable, Sendable, CustomStringConvertible {
    /// What is to be done about it.
    package enum Severity: String, CaseIterable, Sendable {
        /// It does not work, or does not protect: it has to be mended.
        case problem
        /// It works and may be meant, and yet lets people in more easily than it seems.
        case warning
        /// It could be better.
        case advice
    }

    package let severity: Severity
    /// The path as it was given.
    package let file: String
    /// Counted from 1; nil where the file as a whole is meant.
    package let line: Int?
    /// In characters, counted from 1; nil where the file as a whole is meant.
    package let column: Int?
    /// What stands there, in words.
    package let found: String
    /// What should, in words; nil where what was found says it all.
    package let expected: String?
    /// What to write in its place, as it is written; nil where that cannot be known.
    package let replacement: String?
    /// What to write, or to type, so that it is gone; nil where that is not known.
    package let mend: Mend?
    /// Whether it says that something could not be looked at, so that nothing is known of it.
    package let isUnseen: Bool

    package init(
        _ severity: Severity, file: String, line: Int? = nil, column: Int? = nil, found: String,
        expected: String? = nil, replacement: String? = nil, mend: Mend? = nil, isUnseen: Bool = false
    ) {
        self.severity = severity
        self.file = file
        self.line = line
        self.column = column
        self.found = found
        self.expected = expected
        self.replacement = replacement
        self.mend = mend
        self.isUnseen = isUnseen
    }

    /// What is wrong with a configuration, or worth a warning.
    init(_ severity: Severity, _ problem: Problem) {
        self.init(
            severity, file: problem.file, line: problem.line > 0 ? problem.line : nil,
            column: problem.line > 0 ? problem.column : nil, found: problem.found, expected: problem.expected,
            replacement: problem.suggestion)
    }

    /// `config.yaml:3:7: problem: the key 'modlues', expected one of …; did you mean 'modules'?`
    package var description: String {
        var text = statement(at: [file, line.map { String($0) }, column.map { String($0) }])
        if let replacement { text += "; did you mean '\(replacement)'?" }
        if let mend { text += "\n" + CheckFinding.text(mend) }
        return text
    }

    /// `/etc/pam.d/sudo:3: problem: …, expected …`: without what is to be done about it.
    package var summary: String { statement(at: [file, line.map { String($0) }]) }

    private func statement(at place: [String?]) -> String {
        let text = "\(place.compactMap(\.self).joined(separator: ":")): \(severity.rawValue): \(found)"
        return text + (expected.map { ", expected \($0)" } ?? "")
    }

    /// `    /etc/pam.d/sudo:1: auth requisite pam_unix.so`
    private static func text(_ mend: Mend) -> String {
        switch mend {
        case .replace(let path, let lines, let text):
            let rest = lines.count == 1 ? "" : ", in place of lines \(lines.lowerBound) to \(lines.upperBound)"
            guard text.contains("\n") else { return "    write \(path):\(lines.lowerBound): \(text)\(rest)" }
            let shown = text.split(separator: "\n", omittingEmptySubsequences: false).map { "        \($0)" }
            return (["    write \(path):\(lines.lowerBound)\(rest):"] + shown).joined(separator: "\n")
        case .insert(let path, let line, let text): return "    insert before \(path):\(line): \(text)"
        case .command(let command): return "    type: \(command)"
        case .write(let path, let text):
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let shown = lines.last?.isEmpty == true ? lines.dropLast() : lines[...]
            return (["    write \(path), the whole of it:"] + shown.map { "        \($0)" }).joined(separator: "\n")
        }
    }
}
