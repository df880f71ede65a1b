import Glibc

/// Who a trial is of, by the system's directory.
struct TrialAccount {
    /// Nil where there is no such account, or nobody can tell.
    let uid: UInt32?
    /// The groups that the account is in.
    let groups: [String]

    /// More are not asked for.
    private static let mostGroups: Int32 = 4096

    init(named name: String) {
        guard let entry = unsafe getpwnam(name) else {
            (uid, groups) = (nil, [])
            return
        }
        let (uid, gid) = unsafe (entry.pointee.pw_uid, entry.pointee.pw_gid)
        self.uid = uid
        var numbers = [gid_t](repeating: 0, count: Int(TrialAccount.mostGroups))
        var count = TrialAccount.mostGroups
        guard unsafe getgrouplist(name, gid, &numbers, &count) >= 0 else {
            groups = []
            return
        }
        groups = numbers.prefix(Int(count)).compactMap { number in
            guard let group = unsafe getgrgid(number) else { return nil }
            return unsafe String(cString: group.pointee.gr_name)
        }
    }
}
