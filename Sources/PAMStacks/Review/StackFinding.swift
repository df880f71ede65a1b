/// Something in PAM's files that lets people in too easily or not at all, with its place and what to write there.
package struct StackFinding: Hashable, Sendable {
    package enum Severity: String, Sendable {
        case problem
        case warning
        case advice
    }

    package let severity: Severity
    /// Within the tree.
    package let path: String
    /// Counted from 1; nil where the file as a whole is meant.
    package let line: Int?
    /// What stands there, in words.
    package let found: String
    /// What should; nil where what was found says it all.
    package let expected: String?
    /// What makes it good; nil where only its author can know.
    package let mend: Mend?

    package init(
        _ severity: Severity, path: String, line: Int? = nil, found: String, expected: String? = nil,
        mend: Mend? = nil
    ) {
        self.severity = severity
        self.path = path
        self.line = line
        self.found = found
        self.expected = expected
        self.mend = mend
    }

    /// The same with what makes it good.
    func mended(by mend: Mend?) -> StackFinding {
        StackFinding(severity, path: path, line: line, found: found, expected: expected, mend: mend)
    }
}
