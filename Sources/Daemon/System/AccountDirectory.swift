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

/// Whose a uid, or a name, is.
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
    /// Who is meant by a name, by the name that the directory itself has for them: one that folds case answers to several.
    func owner(of name: AccountName) -> UIDOwner
    /// Whether the account belongs to a group of this name, its primary group included; nil if that cannot be told.
    func isMember(_ name: AccountName, gid: UInt32, of group: String) -> Bool?
    /// Whether there is a group of this name; nil if that cannot be told.
    func hasGroup(named name: String) -> Bool?
}

extension AccountDirectory {
    /// A directory that goes by names alone does not tell.
    package func owner(of uid: UInt32) -> UIDOwner { .cannotTell }

    /// Most directories know an account by one name alone.
    package func owner(of name: AccountName) -> UIDOwner { .account(name) }

    /// To which of these groups the account belongs; none if there is no such account, nil if that cannot be told.
    package func groups(among names: Set<String>, of account: AccountName) -> Set<String>? {
        groups(among: names, of: account, being: self.account(named: account))
    }

    /// The same where it is known what the directory says of the account. For whoever does not exist it is as much work, and
    /// as little of an answer, as for somebody who is in none of them.
    package func groups(among names: Set<String>, of account: AccountName, being found: Lookup) -> Set<String>? {
        let gid: UInt32
        switch found {
        case .notFound: gid = .max
        case .cannotTell: return nil
        case .found(let facts): gid = facts.gid
        }
        var own: Set<String> = []
        for name in names {
            guard let isMember = isMember(account, gid: gid, of: name) else { return nil }
            // A group that is not there has no members; but then the rule that names it is not to be missed. It is asked for
            // members as well: so it takes as long.
            let isThere = hasGroup(named: name)
            guard isMember || isThere == true else { return nil }
            if isMember { own.insert(name) }
        }
        return found == .notFound ? [] : own
    }
}

/// getpwnam_r(3) and its kin.
package struct SystemDirectory: AccountDirectory {
    package init() {}

    package func account(named name: AccountName) -> Lookup {
        unsafe look(up: passwd(), most: 1 << 20, cannotTell: .cannotTell) { entry, buffer, size, result in
            unsafe getpwnam_r(name.text, entry, buffer, size, result)
        } answering: { found, status in
            guard let found = unsafe found else { return SystemDirectory.isAbsence(status) ? .notFound : .cannotTell }
            // A directory that folds case answers for a name that was not asked; that would be another person's.
            guard unsafe String(cString: found.pointee.pw_name).utf8.elementsEqual(name.text.utf8) else {
                return .notFound
            }
            return unsafe .found(AccountFacts(uid: found.pointee.pw_uid, gid: found.pointee.pw_gid))
        }
    }

    /// The account's home; nil if there is none, or that cannot be told.
    func home(of name: AccountName) -> String? {
        unsafe look(up: passwd(), most: 1 << 20, cannotTell: nil) { entry, buffer, size, result in
            unsafe getpwnam_r(name.text, entry, buffer, size, result)
        } answering: { found, _ in
            guard let found = unsafe found, let home = unsafe found.pointee.pw_dir else { return nil }
            return unsafe String(cString: home)
        }
    }

    package func owner(of uid: UInt32) -> UIDOwner {
        unsafe look(up: passwd(), most: 1 << 20, cannotTell: .cannotTell) { entry, buffer, size, result in
            unsafe getpwuid_r(uid, entry, buffer, size, result)
        } answering: { found, status in
            guard let found = unsafe found else { return SystemDirectory.isAbsence(status) ? .nobody : .cannotTell }
            guard unsafe found.pointee.pw_uid == uid else { return .nobody }
            return unsafe AccountName(String(cString: found.pointee.pw_name)).map { .account($0) } ?? .nobody
        }
    }

    package func owner(of name: AccountName) -> UIDOwner {
        unsafe look(up: passwd(), most: 1 << 20, cannotTell: .cannotTell) { entry, buffer, size, result in
            unsafe getpwnam_r(name.text, entry, buffer, size, result)
        } answering: { found, status in
            guard let found = unsafe found else { return SystemDirectory.isAbsence(status) ? .nobody : .cannotTell }
            return unsafe AccountName(String(cString: found.pointee.pw_name)).map { .account($0) } ?? .nobody
        }
    }

    package func hasGroup(named name: String) -> Bool? {
        look(upGroup: name) { $0 != nil }
    }

    package func isMember(_ name: AccountName, gid: UInt32, of group: String) -> Bool? {
        look(upGroup: group) { wanted in
            guard let wanted else { return false }
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
    }

    /// Answers by a group's gid, or by there being none; nil where even that cannot be told.
    private func look(upGroup name: String, answering answer: (gid_t?) -> Bool?) -> Bool? {
        unsafe look(up: Glibc.group(), most: 1 << 22, cannotTell: nil) { entry, buffer, size, result in
            unsafe getgrnam_r(name, entry, buffer, size, result)
        } answering: { found, status in
            if let found = unsafe found { return unsafe answer(found.pointee.gr_gid) }
            return status == 0 ? answer(nil) : nil
        }
    }

    /// getpwnam(3) lists what various systems return for "no such name".
    private static func isAbsence(_ status: Int32) -> Bool { [0, ENOENT, ESRCH, EBADF, EPERM].contains(status) }

    /// Asks for an entry with more and more room for what it points to, `most` bytes at the end.
    private func look<Entry, Answer>(
        up empty: Entry, most: Int, cannotTell: Answer,
        asking ask: (
            UnsafeMutablePointer<Entry>, UnsafeMutablePointer<CChar>, Int,
            UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>
        ) -> Int32,
        answering answer: (_ found: UnsafeMutablePointer<Entry>?, _ status: Int32) -> Answer
    ) -> Answer {
        var entry = empty
        var size = 4096
        while size <= most {
            // What was found points into the room: both are there until it has been read.
            let given: Answer? = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { room in
                guard let start = room.baseAddress else { return cannotTell }
                return unsafe withUnsafeMutablePointer(to: &entry) { entry in
                    var result: UnsafeMutablePointer<Entry>?
                    var status = EINTR
                    while status == EINTR { status = unsafe ask(entry, start, size, &result) }
                    return unsafe status == ERANGE ? nil : answer(result, status)
                }
            }
            if let given { return given }
            size *= 4
        }
        return cannotTell
    }
}
