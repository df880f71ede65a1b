/// A place in the order of users and credentials: by the bytes of the provider's type, of its id, and of the username.
///
/// Nobody need be there.
package struct UserPlace: Codable, Comparable, Sendable {
    package let type: String
    /// Empty for a provider without one.
    package let id: String
    package let username: String

    /// Before everybody.
    package static let beginning = UserPlace(type: "", id: "", username: "")

    package init(type: String, id: String, username: String) {
        self.type = type
        self.id = id
        self.username = username
    }

    /// Where a user is.
    package init(of user: UserKey) {
        self.init(type: user.provider.type, id: user.provider.id ?? "", username: user.username.text)
    }

    private var columns: [String] { [type, id, username] }

    package static func < (left: UserPlace, right: UserPlace) -> Bool {
        // Byte for byte, which Swift's own comparison of texts is not.
        for (left, right) in zip(left.columns, right.columns) where !left.utf8.elementsEqual(right.utf8) {
            return left.utf8.lexicographicallyPrecedes(right.utf8)
        }
        return false
    }

    package static func == (left: UserPlace, right: UserPlace) -> Bool { !(left < right) && !(right < left) }
}

/// What a store has of users that follow each other.
package struct UserPage<Listed: Sendable>: Sendable {
    package let listed: [Listed]
    /// The place after which the next page begins; nil if there is none.
    package let next: UserPlace?

    package init(_ listed: [Listed], next: UserPlace?) {
        self.listed = listed
        self.next = next
    }

    /// The first of all that follow.
    init(_ all: [Listed], atMost limit: Int, whose user: (Listed) -> UserKey) {
        let first = all.prefix(limit)
        self.init(Array(first), next: all.count > limit ? first.last.map { UserPlace(of: user($0)) } : nil)
    }
}

extension UserPage: Equatable where Listed: Equatable {}

/// A user, and the account that their credentials open.
package struct ListedUser: Equatable, Sendable {
    package let user: ProviderUser
    /// Nil if there are none.
    package let account: AccountName?

    package init(user: ProviderUser, account: AccountName?) {
        self.user = user
        self.account = account
    }
}
