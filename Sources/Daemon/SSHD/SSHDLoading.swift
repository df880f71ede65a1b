import Glibc

/// When sshd has read its configuration: what is in a file now need not be in force.
///
/// sshd reads it when it starts and at each SIGHUP, and writes its PidFile right after that; a connection keeps what was in
/// force when it came.
struct SSHDLoading {
    /// Nanoseconds since 1970.
    let time: Int64

    /// Throws where that cannot be told of a listener.
    init(of listener: SSHDListener, _ settings: SSHDSettings) throws(SSHKeyDoubt) {
        guard let path = settings["pidfile"], path.hasPrefix("/") else {
            throw SSHKeyDoubt("PidFile none: when sshd has read its configuration is not known")
        }
        if let fault = RootOnlyPath.fault(of: path) { throw SSHKeyDoubt("PidFile: \(fault)") }
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw SSHKeyDoubt("\(path) cannot be read: \(Privileges.reason())") }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = unsafe read(descriptor, &bytes, bytes.count)
        let text = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).filter { !$0.isWhitespace }
        guard Int32(text) == listener.process else {
            throw SSHKeyDoubt("\(path) is not that of the sshd that the connection has come to")
        }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw SSHKeyDoubt("\(path) cannot be looked at") }
        time = SSHDLoading.nanoseconds(status.st_mtim)
    }

    /// What has changed since, in words; nil for nothing.
    func change(in file: SSHDFile) -> String? {
        for path in file.paths {
            var status = stat()
            guard unsafe stat(path, &status) == 0 else { return "\(path) cannot be looked at" }
            // A file that is put in another's place has a new ctime and an old mtime.
            let changed = max(SSHDLoading.nanoseconds(status.st_ctim), SSHDLoading.nanoseconds(status.st_mtim))
            guard changed < time else { return "sshd has not been reloaded since \(path) was changed" }
        }
        return nil
    }

    /// Whether it was before a process was started, with room for how exactly that is known.
    func isBefore(ticks: UInt64) -> Bool {
        let perSecond = sysconf(Int32(_SC_CLK_TCK))
        guard perSecond > 0, let ticks = Int64(exactly: ticks) else { return false }
        let (start, overflow) = ticks.multipliedReportingOverflow(by: 1_000_000_000 / Int64(perSecond))
        guard !overflow else { return false }
        let age = SSHDLoading.now(clockid_t(CLOCK_BOOTTIME)) &- start
        let loadingAge = SSHDLoading.now(clockid_t(CLOCK_REALTIME)) &- time
        return age >= 0 && age &+ 30_000_000 < loadingAge
    }

    private static func now(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return nanoseconds(time)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
