package import Authentication
import Glibc

/// What the system knows of an account.
package struct AccountFacts: Equatable, Sendable {
    package let uid: UInt32
    package let gid: UInt32

    package init(uid: UInt32, gid: UInt32) {
        self.uid = uid
        self.gid = gid
    }
}

/// An answer of the directory. "Not found" and "cannot tell" are different things.
package enum Lookup: Equatable, Sendable {
    case found(AccountFacts)
    case notFound
    case cannotTell
}

/// Whose a uid is.
package enum UIDOwner: Equatable, Sendable {
    case account(AccountName)
    case nobody
    case cannotTell
}

/// The system's accounts (NSS). A look-up may take its time, so it never runs on the event loop.
package protocol AccountDirectory: Sendable {
    func account(named name: AccountName) -> Lookup
    /// The account that the directory names first for a uid.
    func owner(of uid: UInt32) -> UIDOwner
    /// Whether the account belongs to a group of this name, its primary group included; nil if that cannot be told.
    func isMember(_ name: AccountName, gid: UInt32, of group: String) -> Bool?
    /// Whether there is a group of this name; nil if that cannot be told.
    func hasGroup(named name: String) -> Bool?
}

extension AccountDirectory {
    /// A directory that goes by names alone does not tell.
    package func owner(of uid: UInt32) -> UIDOwner { .cannotTell }

    /// To which of these groups the account belongs; none if there is no such account, nil if that cannot be told.
    package func groups(among names: Set<String>, of account: AccountName) -> Set<String>? {
        switch self.account(named: account) {
        case .notFound: return []
        case .cannotTell: return nil
        case .found(let facts):
            var own: Set<String> = []
            for name in names {
                guard let isMember = isMember(account, gid: facts.gid, of: name) else { return nil }
                // A group that is not there has no members; but then the rule that names it is not to be missed.
                guard isMember || hasGroup(named: name) == true else { return nil }
                if isMember { own.insert(name) }
            }
            return own
        }
    }
}

/// getpwnam_r(3) and its kin.
package struct SystemDirectory: AccountDirectory {
    package init() {}

    package func account(named name: AccountName) -> Lookup {
        var size = 4096
        while size <= 1 << 20 {
            var entry = unsafe passwd()
            var result: UnsafeMutablePointer<passwd>?
            var buffer = [CChar](repeating: 0, count: size)
            let status = unsafe getpwnam_r(name.text, &entry, &buffer, size, &result)
            if status == ERANGE {
                size *= 4
                continue
            }
            if status == EINTR { continue }
            if let found = unsafe result {
                // A directory that folds case answers for a name that was not asked; that would be another person's.
                guard unsafe String(cString: found.pointee.pw_name).utf8.elementsEqual(name.text.utf8) else {
                    return .notFound
                }
                return unsafe .found(AccountFacts(uid: found.pointee.pw_uid, gid: found.pointee.pw_gid))
            }
            // getpwnam(3) lists what various systems return for "no such name".
            return [0, ENOENT, ESRCH, EBADF, EPERM].contains(status) ? .notFound : .cannotTell
        }
        return .cannotTell
    }

    package func owner(of uid: UInt32) -> UIDOwner {
        var size = 4096
        while size <= 1 << 20 {
            var entry = unsafe passwd()
            var result: UnsafeMutablePointer<passwd>?
            var buffer = [CChar](repeating: 0, count: size)
            let status = unsafe getpwuid_r(uid, &entry, &buffer, size, &result)
            if status == ERANGE {
                size *= 4
                continue
            }
            if status == EINTR { continue }
            if let found = unsafe result {
                guard unsafe found.pointee.pw_uid == uid else { return .nobody }
                return unsafe AccountName(String(cString: found.pointee.pw_name)).map { .account($0) } ?? .nobody
            }
            return [0, ENOENT, ESRCH, EBADF, EPERM].contains(status) ? .nobody : .cannotTell
        }
        return .cannotTell
    }

    package func hasGroup(named name: String) -> Bool? {
        var size = 4096
        while size <= 1 << 22 {
            var entry = unsafe Glibc.group()
            var result: UnsafeMutablePointer<Glibc.group>?
            var buffer = [CChar](repeating: 0, count: size)
            let status = unsafe getgrnam_r(name, &entry, &buffer, size, &result)
            if status == EINTR { continue }
            guard status == ERANGE else { return unsafe result != nil ? true : status == 0 ? false : nil }
            size *= 4
        }
        return nil
    }

    package func isMember(_ name: AccountName, gid: UInt32, of group: String) -> Bool? {
        var size = 4096
        while size <= 1 << 22 {
            var entry = unsafe Glibc.group()
            var result: UnsafeMutablePointer<Glibc.group>?
            var buffer = [CChar](repeating: 0, count: size)
            let status = unsafe getgrnam_r(group, &entry, &buffer, size, &result)
            if status == ERANGE {
                size *= 4
                continue
            }
            if status == EINTR { continue }
            guard let found = unsafe result else { return status == 0 ? false : nil }
            let wanted = unsafe found.pointee.gr_gid
            var count: Int32 = 64
            while count <= 65_536 {
                var groups = [gid_t](repeating: 0, count: Int(count))
                var found = count
                if unsafe getgrouplist(name.text, gid, &groups, &found) >= 0 {
                    return groups.prefix(Int(found)).contains(wanted)
                }
                count *= 8
            }
            return nil
        }
        return nil
    }
}
