/// Which of the configuration's programs is meant: whoever starts it looks up the rest for himself.
package struct ProgramName: Hashable, Sendable, CustomStringConvertible {
    /// What a program stands for.
    package enum Kind: String, Sendable {
        case module
        case provider
        /// The ways on which a module sends messages.
        case command
        case mail
        case webhook
    }

    package let kind: Kind
    /// Type and id, as `command_line:door`.
    package let identity: String

    package init(_ kind: Kind, _ identity: String) {
        self.kind = kind
        self.identity = identity
    }

    package var description: String { "\(kind.rawValue) \(identity)" }
}
