package import NIOCore

/// The look-up of an account, while a person types.
typealias AccountLookUp = LookUp<AccountAnswer>

/// What the directory says of an account, when a thread had come to ask it, and when it had said so.
package struct AccountAnswer: Sendable {
    let found: Lookup
    let askedAt: NIODeadline
    let foundAt: NIODeadline

    package init(found: Lookup, askedAt: NIODeadline, foundAt: NIODeadline) {
        self.found = found
        self.askedAt = askedAt
        self.foundAt = foundAt
    }
}
