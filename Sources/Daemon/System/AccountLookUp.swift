import NIOCore

/// The look-up of an account, while a person types.
struct AccountLookUp {
    let lookUp: LookUp<Lookup>
    let begunAt: NIODeadline
}
