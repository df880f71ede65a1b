import Glibc

/// The service manager's side of the process: sockets that it passes in (sd_listen_fds(3)), and what it is told
/// (sd_notify(3)). Both are read from the environment once, at the start.
struct ServiceManager {
    private let notifySocket: String?
    /// Listening sockets by the last component of their path.
    let sockets: [String: Int32]
    /// Where credentials are passed (systemd.exec(5), LoadCredential).
    let credentialsDirectory: String?
    /// How often at least it wants a sign of life (sd_watchdog_enabled(3)), in milliseconds; nil if it wants none.
    let watchdogInterval: Int64?

    init() {
        func variable(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }
        notifySocket = variable("NOTIFY_SOCKET")
        credentialsDirectory = variable("CREDENTIALS_DIRECTORY")
        let isWatched = variable("WATCHDOG_PID").map { Int32($0) == getpid() } ?? true
        watchdogInterval =
            isWatched ? variable("WATCHDOG_USEC").flatMap(Int64.init).flatMap { $0 > 0 ? $0 / 1000 : nil } : nil
        var sockets: [String: Int32] = [:]
        if variable("LISTEN_PID").flatMap(Int32.init) == getpid(),
            let count = variable("LISTEN_FDS").flatMap(Int32.init), (1...16).contains(count)
        {
            for descriptor in 3..<(3 + count) {
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                if let name = ServiceManager.name(of: descriptor) { sockets[name] = descriptor }
            }
        }
        self.sockets = sockets
        for name in [
            "NOTIFY_SOCKET", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "CREDENTIALS_DIRECTORY", "WATCHDOG_PID",
            "WATCHDOG_USEC",
        ] {
            _ = unsafe unsetenv(name)
        }
    }

    /// The last component of the path that a Unix socket is bound to; nil for anything else.
    private static func name(of descriptor: Int32) -> String? {
        guard let path = LocalAddress(of: descriptor)?.path else { return nil }
        return path.split(separator: "/").last.map(String.init)
    }

    /// Tells the service manager, if there is one: `READY=1`, `WATCHDOG=1`, `STOPPING=1`.
    func notify(_ state: String) {
        guard let notifySocket, let address = LocalAddress(path: notifySocket) else { return }
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(state.utf8)
        _ = unsafe address.withSocketAddress { address, size in
            unsafe sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), address, size)
        }
    }
}
