import CPOSIX
public import Wire

/// The far end as the module must find it before it sends a byte (twostep-wire(7), "Who may answer").
///
/// Every directory from / down is a real one, root's, and writable by root alone, so only root can
/// change what is looked at here, and there is no race to lose between looking and connecting.
public enum Listener {
    /// The size of `sun_path` less its closing NUL.
    public static var maximumPath: Int { 107 }

    /// Connects to the socket at `path` (a C string) once everything about it can be trusted.
    ///
    /// Connecting blocks until `deadline` at the most: a non-blocking connect to a full backlog
    /// would fail at once instead of waiting for its turn.
    public static func connect(
        to path: UnsafePointer<CChar>, before deadline: Deadline
    ) throws(WireError) -> Descriptor {
        let owner = try unsafe trustedOwner(of: path)
        let number = posix_local_stream()
        guard number >= 0 else { throw .system(posix_errno()) }
        let descriptor = Descriptor.adopt(number)
        try unsafe connect(descriptor, to: path, before: deadline)
        let peer = try descriptor.withNumber { (number) throws(WireError) in try PeerCredentials(of: number) }
        guard peer.uid == 0 || peer.uid == owner, peer.uid != PeerCredentials.overflowUID else {
            throw .untrusted(.peer)
        }
        return descriptor
    }

    private static func connect(
        _ descriptor: borrowing Descriptor, to path: UnsafePointer<CChar>, before deadline: Deadline
    ) throws(WireError) {
        try descriptor.withNumber { (number) throws(WireError) in
            while true {
                let left = deadline.remaining
                guard left > 0 else { throw .timedOut }
                guard posix_set_send_timeout(number, Int64(left)) == 0 else { throw .system(posix_errno()) }
                if unsafe posix_connect_local(number, path) == 0 { return }
                switch posix_errno() {
                case EINTR: continue
                case EAGAIN: throw .timedOut
                case EISCONN: return
                case let code: throw .system(code)
                }
            }
        }
    }

    /// Looks at every directory on the way and at the socket itself; returns the socket's owner.
    static func trustedOwner(of path: UnsafePointer<CChar>) throws(WireError) -> UInt32 {
        let length = unsafe strnlen(path, maximumPath &+ 1)
        guard length > 1, length <= maximumPath, unsafe path[0] == slash else { throw .untrusted(.pathForm) }
        guard unsafe path[length &- 1] != slash else { throw .untrusted(.pathForm) }
        var prefix = [108 of CChar](repeating: 0)
        // The root directory first, then the path up to each further slash.
        prefix[0] = slash
        try checkDirectory(prefix)
        var index = 1
        var componentStart = 1
        while index < length, index < 108 {
            let character = unsafe path[index]
            if character == slash {
                try unsafe checkComponent(path, from: componentStart, to: index)
                try checkDirectory(prefix)
                componentStart = index &+ 1
            }
            prefix[index] = character
            index &+= 1
        }
        try unsafe checkComponent(path, from: componentStart, to: length)
        var facts = posix_file_facts()
        guard unsafe posix_lstat(path, &facts) == 0 else { throw .system(posix_errno()) }
        guard unsafe posix_is_socket(&facts) != 0 else { throw .untrusted(.notASocket) }
        return facts.owner
    }

    private static var slash: CChar { 0x2F }
    private static var dot: CChar { 0x2E }

    /// A component that is empty, `.` or `..` is not a name.
    private static func checkComponent(
        _ path: UnsafePointer<CChar>, from start: Int, to end: Int
    ) throws(WireError) {
        let length = end &- start
        let isDot = unsafe length == 1 && path[start] == dot
        let isDotDot = unsafe length == 2 && path[start] == dot && path[start &+ 1] == dot
        guard length > 0, !isDot, !isDotDot else { throw .untrusted(.pathForm) }
    }

    /// A real directory, root's, not writable by group or others; sticky ones are no exception.
    private static func checkDirectory(_ prefix: borrowing [108 of CChar]) throws(WireError) {
        var facts = posix_file_facts()
        let status = unsafe prefix.span.withUnsafeBufferPointer { (buffer) -> Int32 in
            guard let path = buffer.baseAddress else { return -1 }
            return unsafe posix_lstat(path, &facts)
        }
        guard status == 0 else { throw .system(posix_errno()) }
        guard unsafe posix_is_directory(&facts) != 0, facts.owner == 0, facts.permissions & 0o022 == 0 else {
            throw .untrusted(.directory)
        }
    }
}
