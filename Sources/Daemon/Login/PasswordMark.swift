import Authentication
import Cryptography
import Synchronization

/// Which kept hash a password was judged by, so that it can be told later whether the user still has that one.
struct PasswordMark: Equatable, Sendable {
    let user: UserKey
    /// SHA-256 of the hash, whose salt no other has.
    private let digest: [UInt8]

    init(_ hash: borrowing Secret, of user: UserKey) throws(StoreFailure) {
        self.user = user
        do {
            digest = try hash.withBytes { bytes throws(CryptographyFailure) in try sha256Digest(bytes) }
        } catch {
            throw .unreachable("no digest of a hash: \(error)")
        }
    }
}

/// The users as a provider looks at them while it proves: what it has gone by is noted.
final class NotedUserDatabase: UserDatabase {
    private let users: any UserDatabase
    private let marks = Mutex<[PasswordMark]>([])

    init(_ users: any UserDatabase) { self.users = users }

    func mark(of user: UserKey) -> PasswordMark? { marks.withLock { $0.last { $0.user == user } } }

    func passwordHash(of user: UserKey) throws(StoreFailure) -> Secret? {
        guard let hash = try users.passwordHash(of: user) else { return nil }
        let mark = try PasswordMark(hash, of: user)
        marks.withLock { $0.append(mark) }
        return hash
    }

    func username(opening account: AccountName, at provider: ProviderID) throws(StoreFailure) -> AccountName? {
        try users.username(opening: account, at: provider)
    }
}

extension EnrollmentStore {
    /// Whether a password that has proved somebody is still the one that is kept; nothing is to be compared where none was kept.
    ///
    /// Throws where a copy stands in that has another: which of them came later cannot be told.
    func stillHas(_ mark: PasswordMark?) throws(StoreFailure) -> Bool {
        guard let mark else { return true }
        let isSame = try self.mark(of: mark.user) == mark
        guard isSame || !isLocalCopy else {
            throw .unreachable("whether a password was changed since cannot be told while the database is away")
        }
        return isSame
    }

    /// Asked over the writer's own connection, which does not wait for a server again that it has lost; a copy is at hand.
    private func mark(of user: UserKey) throws(StoreFailure) -> PasswordMark? {
        if isLocalCopy {
            guard let hash = try userDatabase.passwordHash(of: user) else { return nil }
            return try PasswordMark(hash, of: user)
        }
        guard let kept = try users(of: user.provider, named: [user.username]).first else { return nil }
        return try PasswordMark(sealing.open(kept.sealedHash, at: user), of: user)
    }
}
