/// What is wrong with a file of another program, and where.
package struct ImportFailure: Error, Equatable, Sendable, CustomStringConvertible {
    package let file: String
    /// Counted from 1; 0 where the file as a whole is meant.
    package let line: Int
    /// What was found and what was expected; never a secret.
    package let explanation: String

    package init(_ file: String, line: Int, _ explanation: String) {
        self.file = file
        self.line = line
        self.explanation = explanation
    }

    /// `users.oath:3: the type is …`.
    package var description: String { line > 0 ? "\(file):\(line): \(explanation)" : "\(file): \(explanation)" }
}
