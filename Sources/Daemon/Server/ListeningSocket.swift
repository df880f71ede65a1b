import Glibc

/// A socket that the daemon listens on: passed in by the service manager, or bound here.
package struct ListeningSocket: Sendable {
    package let path: String
    let descriptor: Int32

    /// Binds a stream socket at `path` with these permissions.
    ///
    /// A socket file that nobody listens on is replaced. One that answers, or anything else that stands at the path,
    /// is left alone and refused.
    package static func bind(_ path: String, mode: UInt32) throws(StartFailure) -> ListeningSocket {
        try bind(path, mode: mode, owner: nil)
    }

    /// The same, owned by `owner` if one is given.
    static func bind(_ path: String, mode: UInt32, owner: Privileges.Target?) throws(StartFailure) -> ListeningSocket {
        guard let address = LocalAddress(path: path), path.hasPrefix("/") else {
            throw StartFailure("\(path) is no path for a socket: expected an absolute one of at most 107 bytes")
        }
        try makeWay(at: path, address)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw StartFailure("cannot make a socket: \(Privileges.reason())") }
        // Nobody can connect before listen(2), so the permissions are right from the first moment that counts.
        let bound = unsafe address.withSocketAddress { unsafe Glibc.bind(descriptor, $0, $1) }
        guard bound == 0, unsafe chmod(path, mode) == 0 else {
            let reason = Privileges.reason()
            close(descriptor)
            throw StartFailure("cannot listen on \(path): \(reason)")
        }
        if let owner, unsafe lchown(path, owner.uid, owner.gid) != 0 {
            let reason = Privileges.reason()
            close(descriptor)
            throw StartFailure("cannot give \(path) to the user '\(Privileges.user)': \(reason)")
        }
        return ListeningSocket(path: path, descriptor: descriptor)
    }

    private static func makeWay(at path: String, _ address: LocalAddress) throws(StartFailure) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw StartFailure("\(path) is in the way: expected a socket or nothing")
        }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard probe >= 0 else { throw StartFailure("cannot make a socket: \(Privileges.reason())") }
        defer { close(probe) }
        let connected = unsafe address.withSocketAddress { unsafe connect(probe, $0, $1) }
        guard connected != 0, errno == ECONNREFUSED else {
            throw StartFailure("another daemon listens on \(path); this one does not start")
        }
        guard unsafe unlink(path) == 0 else {
            throw StartFailure("cannot remove the old socket \(path): \(Privileges.reason())")
        }
    }
}
