import Authentication

/// The credentials that were seen lately, so that a login does not ask the store for what it said before.
struct KnownCredentials {
    /// How many are kept; at the bound all are forgotten, and asked for again.
    static let most = 16_384
    private var known: [UserKey: AccountName] = [:]

    subscript(key: UserKey) -> AccountName? {
        get { known[key] }
        set {
            if known.count >= KnownCredentials.most { known.removeAll() }
            known[key] = newValue
        }
    }
}
