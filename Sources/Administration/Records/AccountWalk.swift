import Glibc

/// A walk through all accounts of the system's directory, one after the other.
package enum AccountWalk {
    /// What comes next.
    package enum Step: Equatable {
        case account(name: String, uid: UInt32)
        /// There are no more.
        case end
        /// The directory does not go on: errno. There may be more.
        case cutOff(Int32)
    }

    /// The next of getpwent(3), which whoever walks begins and ends.
    static func next() -> Step {
        // It says by errno alone whether it has come to the end.
        errno = 0
        guard let entry = unsafe getpwent() else {
            return [0, ENOENT, ESRCH].contains(errno) ? .end : .cutOff(errno)
        }
        guard let name = unsafe entry.pointee.pw_name else { return .cutOff(EINVAL) }
        return unsafe .account(name: String(cString: name), uid: entry.pointee.pw_uid)
    }
}
