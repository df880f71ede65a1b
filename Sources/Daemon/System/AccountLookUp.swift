import NIOCore

/// The look-up of an account, while a person types.
typealias AccountLookUp = LookUp<AccountAnswer>

/// What the directory says of an account, and when a thread had come to ask it.
struct AccountAnswer: Sendable {
    let found: Lookup
    let askedAt: NIODeadline
}
