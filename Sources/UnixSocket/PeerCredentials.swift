import CPOSIX
public import Wire

/// Who is at the other end of a Unix socket, as the kernel says (SO_PEERCRED, unix(7)).
///
/// At the accepting end it is whoever called connect(2); at the connecting end whoever called
/// listen(2) last. Neither changes afterwards. The process id is for the journal only: it can be
/// used again by another process.
public struct PeerCredentials: Equatable, Sendable {
    /// The effective uid.
    public let uid: UInt32
    /// The effective gid.
    public let gid: UInt32
    /// The process id; for the journal only.
    public let pid: Int32

    /// The kernel's stand-in for a uid that has no name in this user namespace: nobody's, and no evidence.
    public static var overflowUID: UInt32 { 65534 }

    /// Credentials as they are given, for tests.
    public init(uid: UInt32, gid: UInt32, pid: Int32) {
        self.uid = uid
        self.gid = gid
        self.pid = pid
    }

    /// Asks the kernel about a connected socket; throws `system` if it will not say.
    public init(of descriptor: Int32) throws(WireError) {
        var credentials = posix_peer_credentials()
        guard unsafe posix_peer_credentials(descriptor, &credentials) == 0 else { throw .system(posix_errno()) }
        self.init(uid: credentials.uid, gid: credentials.gid, pid: credentials.pid)
    }
}
