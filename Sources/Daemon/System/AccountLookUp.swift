package import NIOCore

/// The look-up of an account, while a person types.
typealias AccountLookUp = LookUp<NameAnswer<Lookup>>

/// What the directory says of a name, whether anybody may have that, when a thread had come to ask it, and how long what was asked
/// behind the name itself took.
package struct NameAnswer<Found: Sendable>: Sendable {
    let found: Found
    let isKnown: Bool
    let askedAt: NIODeadline
    let rest: TimeAmount

    package init(found: Found, isKnown: Bool = true, askedAt: NIODeadline, rest: TimeAmount = .zero) {
        self.found = found
        self.isKnown = isKnown
        self.askedAt = askedAt
        self.rest = rest
    }
}
