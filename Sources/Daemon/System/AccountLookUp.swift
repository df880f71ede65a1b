import NIOCore

/// The look-up of an account, while a person types.
typealias AccountLookUp = LookUp<AccountAnswer>

/// What the directory says of an account, when a thread had come to ask it, and when it had said so.
struct AccountAnswer: Sendable {
    let found: Lookup
    let askedAt: NIODeadline
    let foundAt: NIODeadline
}
