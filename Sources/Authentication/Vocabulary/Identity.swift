/// What a configured provider or module is called: its type, and an id where one type stands more than once.
///
/// Identity is the pair and never the joined text, in which `a` + `b:c` and `a:b` + `c` would be the same.
package struct Identity<Kind>: Hashable, Sendable, CustomStringConvertible {
    package let type: String
    package let id: String?

    package init(_ type: String, id: String? = nil) {
        self.type = type
        self.id = id
    }

    /// `totp`, or `totp:work`: for people to read, not to parse.
    package var description: String {
        guard let id else { return type }
        return "\(type):\(id)"
    }
}

/// The kinds of things that an `Identity` can name.
package enum ModuleKind: Sendable {}
package enum ProviderKind: Sendable {}

package typealias ModuleID = Identity<ModuleKind>
package typealias ProviderID = Identity<ProviderKind>

extension Identity<ModuleKind> {
    /// What accepts an administrator's code in place of any step.
    package static var bypass: ModuleID { ModuleID("bypass") }
    /// What accepts the ticket that a set-up within a login may need.
    package static var ticket: ModuleID { ModuleID("ticket") }

    /// Whether what an account has with it is handed out for a day and counts as no device.
    package var isStopgap: Bool { self == .bypass || self == .ticket }

    /// What is spent of a secret of which two states are known: the codes of either where each is a bit of the state, else
    /// all up to the later step or counter.
    package func spent(_ one: Int64, _ other: Int64) -> Int64 {
        type == "recovery_code" ? one | other : max(one, other)
    }
}

extension Identity<ProviderKind> {
    /// The hosts of a fleet, by the serials of their certificates: no provider that could be configured.
    package static var hosts: ProviderID { ProviderID("#host") }
    /// When they were last seen.
    package static var sightings: ProviderID { ProviderID("#seen") }
    /// What signs their certificates.
    package static var authority: ProviderID { ProviderID("#fleet") }

    /// Whether what the store has of its users is a fleet's register, and nobody's password.
    package var isOfFleet: Bool { self == .hosts || self == .sightings || self == .authority }
}
