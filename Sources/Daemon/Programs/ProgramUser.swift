import Glibc

/// Whom a program runs as: a user of its own, who owns nothing and is in no group.
package struct ProgramUser: Equatable, Sendable {
    package let uid: UInt32
    package let gid: UInt32

    /// How many programs run at a time at most.
    package static let slots = 16
    /// Where their users begin, if no service manager makes them: between those that people and packages get and those that
    /// systemd hands out (60001 to 60705 and 61184 to 65519).
    static let first: UInt32 = 60_900

    /// The user of a slot; nil if somebody has that uid or gid.
    package init?(slot: Int) {
        guard (0..<ProgramUser.slots).contains(slot) else { return nil }
        uid = ProgramUser.first + UInt32(slot)
        gid = uid
        guard unsafe getpwuid(uid) == nil, unsafe getgrgid(gid) == nil else { return nil }
    }

    /// Whoever owns a directory that the service manager has made for a unit with DynamicUser; nil for root's.
    package init?(owning directory: String) {
        var status = stat()
        guard unsafe lstat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid != 0,
            status.st_gid != 0
        else { return nil }
        uid = status.st_uid
        gid = status.st_gid
    }
}
