/// One thing that libpam does when it runs a stack: a line, and where it stands.
package struct StackStep: Equatable, Sendable {
    /// What happens at it.
    package enum Kind: Equatable, Sendable {
        case module
        /// A substack begins: its lines are those that follow with a higher level.
        case substack
        /// It fails (perm_denied): the line is broken, or what it includes cannot be read.
        case mustFail(String)
    }

    package let kind: Kind
    /// Within the tree.
    package let path: String
    package let line: StackLine
    /// How many substacks it stands in.
    package let level: Int
    /// The lines that have led here, the outermost first, each with its file.
    package let via: [Place]

    /// A line of a file.
    package struct Place: Equatable, Sendable {
        package let path: String
        package let line: StackLine
    }

    /// The line that names our module.
    package var isOurs: Bool { kind == .module && line.module == "pam_twostep.so" }

    /// What the line does with results.
    package var control: Control { line.control ?? Control("required") }
}
