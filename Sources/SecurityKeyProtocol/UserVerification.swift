/// Whether a security key is to make sure of the person that touches it (Web Authentication Level 2, section 5.8.6).
package enum UserVerification: UInt8, Equatable, Sendable, CaseIterable {
    /// By its PIN, always.
    case required = 1
    /// By its PIN, or by what it has itself, where it has one.
    case preferred = 2
    /// Never: having the key is enough.
    case never = 3

    /// As the configuration has it.
    package init?(_ word: String) {
        switch word {
        case "required": self = .required
        case "preferred": self = .preferred
        case "never": self = .never
        case _: return nil
        }
    }
}
