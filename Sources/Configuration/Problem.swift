/// One thing that is wrong with the configuration: where, what was found, what was expected.
///
/// Its text is for the journal and for `twostep check`: one line, without control characters, and never longer
/// than a screenful.
package struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The path as it was given.
    package let file: String
    /// Counted from 1; 0 where the file as a whole is meant.
    package let line: Int
    /// In characters, counted from 1; 0 where the file as a whole is meant.
    package let column: Int
    /// `the key 'modlues'`.
    package let found: String
    /// `one of id, modules, name, type`; nil where what was found says it all.
    package let expected: String?
    /// The known word that the one found is close to.
    package let suggestion: String?

    package init(
        file: String, line: Int = 0, column: Int = 0, found: String, expected: String? = nil,
        suggestion: String? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.found = String(found.prefix(300))
        self.expected = expected.map { String($0.prefix(300)) }
        self.suggestion = suggestion
    }

    /// `config.yaml:3:7: the key 'modlues', expected one of …; did you mean 'modules'?`
    package var description: String {
        var text = line > 0 ? "\(file):\(line):\(column): \(found)" : "\(file): \(found)"
        if let expected { text += ", expected \(expected)" }
        if let suggestion { text += "; did you mean '\(suggestion)'?" }
        return text
    }
}

/// All that is wrong with a configuration, in the order of the file, each once: at least one problem.
package struct Problems: Error, Equatable, Sendable, CustomStringConvertible {
    /// The most that are told one by one.
    package static let limit = 100

    package let all: [Problem]
    /// What would be worth a warning once these are mended.
    package let warnings: [Problem]

    /// Sorts, and leaves out what nobody would read.
    package init(_ problems: [Problem], warnings: [Problem] = []) {
        self.warnings = warnings
        var told: Set<Problem> = []
        let sorted = problems.enumerated().sorted {
            ($0.element.line, $0.element.column, $0.offset) < ($1.element.line, $1.element.column, $1.offset)
        }.map(\.element).filter { told.insert($0).inserted }
        guard sorted.count > Problems.limit, let last = sorted.last else {
            all = sorted
            return
        }
        let rest = Problem(
            file: last.file, line: last.line, column: last.column,
            found: "\(sorted.count - Problems.limit) further problems")
        all = Array(sorted.prefix(Problems.limit)) + [rest]
    }

    package var description: String { all.map(\.description).joined(separator: "\n") }
}
