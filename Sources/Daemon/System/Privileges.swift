import CPOSIX
import Glibc

/// What the process may do, and how that becomes less.
enum Privileges {
    /// The user that the daemon runs as.
    static let user = "twostep"

    /// Who the daemon becomes.
    struct Target: Equatable {
        let uid: uid_t
        let gid: gid_t
    }

    static var isRoot: Bool { geteuid() == 0 }

    /// The user `twostep`; throws if there is none, or if it is root under another name.
    static func target() throws(StartFailure) -> Target {
        guard let entry = unsafe getpwnam(user) else {
            throw StartFailure(
                "there is no user '\(user)' to run as; 'twostep init' creates it, or: useradd --system \(user)")
        }
        let target = unsafe Target(uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid)
        guard target.uid != 0, target.uid != 65534 else {
            throw StartFailure("the user '\(user)' has the uid \(target.uid); it must have one of its own")
        }
        return target
    }

    /// Becomes `target` for good: groups first, then gid, then uid, each checked.
    static func drop(to target: Target) throws(StartFailure) {
        guard unsafe initgroups(user, target.gid) == 0, setgid(target.gid) == 0, setuid(target.uid) == 0
        else { throw StartFailure("cannot become the user '\(user)': \(reason())") }
        guard setuid(0) != 0, seteuid(0) != 0, getuid() == target.uid, geteuid() == target.uid else {
            throw StartFailure("became the user '\(user)' and could still go back to root")
        }
    }

    /// Performs something with the rights of the daemon's user, if this is root and there is that user; is root again
    /// afterwards.
    ///
    /// The whole process is somebody else meanwhile: it must have no other thread.
    static func asTarget<Result>(_ body: () -> Result) -> Result {
        guard isRoot, let target = try? target() else { return body() }
        let gid = getegid()
        var groups = [gid_t](repeating: 0, count: 65_536)
        groups.removeLast(groups.count - Int(max(unsafe getgroups(CInt(groups.count), &groups), 0)))
        defer {
            _ = seteuid(0)
            _ = setegid(gid)
            _ = unsafe setgroups(groups.count, groups)
        }
        guard unsafe initgroups(user, target.gid) == 0, setegid(target.gid) == 0 else { return body() }
        _ = seteuid(target.uid)
        return body()
    }

    /// No core dumps, no tracing by others, no new privileges: what is in memory stays there. Before and after a
    /// change of uid, since the kernel sets the dumpable flag anew with it.
    static func harden() throws(StartFailure) {
        guard posix_hide_memory() == 0, posix_no_new_privileges() == 0 else {
            throw StartFailure("cannot keep this process from being dumped or traced: \(reason())")
        }
    }

    static func reason() -> String { unsafe String(cString: strerror(errno)) }
}
