/// What the administrators of other daemons have changed in a store that is shared.
package struct StoreChanges: Equatable, Sendable {
    /// Whose devices, credentials or blocks are not what they were; usernames of providers are among them.
    package var accounts: Set<AccountName> = []
    /// Whatever is remembered may be wrong.
    package var isEverything = false

    package init(isEverything: Bool = false) { self.isEverything = isEverything }

    package var isNothing: Bool { accounts.isEmpty && !isEverything }

    /// Adds others; of more than are worth listing, everything is taken to be wrong.
    package mutating func add(_ other: StoreChanges) {
        accounts.formUnion(other.accounts)
        isEverything = isEverything || other.isEverything || accounts.count > StoreChanges.most
        if isEverything { accounts = [] }
    }

    private static let most = 4096
}
