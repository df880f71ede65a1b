import Glibc

/// A login that the system itself remembers.
package struct PastLogin: Equatable, Sendable {
    package let account: String
    /// Unix seconds.
    package let at: Int64
    /// The file that says so.
    package let source: String

    package init(account: String, at: Int64, source: String) {
        self.account = account
        self.at = at
        self.source = source
    }
}

/// What the system remembers of logins, whether they passed Twostep or not.
package protocol LoginHistory {
    /// The last login of each account since a moment, as far as files say; an account may come twice.
    func logins(since: Int64) -> [PastLogin]
}

/// lastlog and wtmp, where they are kept and can be read.
package struct HostLoginHistory: LoginHistory {
    /// How much of wtmp's end is read, in bytes.
    private static let mostRead: Int64 = 64 * 1024 * 1024

    private let lastlog: String
    private let wtmp: String

    package init(lastlog: String = "/var/log/lastlog", wtmp: String = "/var/log/wtmp") {
        self.lastlog = lastlog
        self.wtmp = wtmp
    }

    package func logins(since: Int64) -> [PastLogin] {
        (lastLogins() + wtmpLogins()).filter { $0.at >= since }
    }

    // MARK: lastlog

    /// struct lastlog of lastlog(8): a time, 32 bytes of line, 256 of host. The time is as wide as utmp's.
    private static var lastlogTimeSize: Int { MemoryLayout<utmpx>.size == 384 ? 4 : 8 }

    /// One place a uid, so it is read for the accounts there are: the file may be as long as the largest uid.
    private func lastLogins() -> [PastLogin] {
        let descriptor = unsafe open(lastlog, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let width = HostLoginHistory.lastlogTimeSize
        var found: [PastLogin] = []
        setpwent()
        defer { endpwent() }
        while let entry = unsafe getpwent() {
            let place = unsafe off_t(entry.pointee.pw_uid) * off_t(width + 32 + 256)
            var bytes = [UInt8](repeating: 0, count: width)
            guard unsafe pread(descriptor, &bytes, width, place) == width else { continue }
            let at = HostLoginHistory.number(bytes[...])
            guard at > 0, let name = unsafe entry.pointee.pw_name else { continue }
            found.append(PastLogin(account: unsafe String(cString: name), at: at, source: "lastlog"))
        }
        return found
    }

    // MARK: wtmp

    private func wtmpLogins() -> [PastLogin] {
        guard let userAt = MemoryLayout<utmpx>.offset(of: \.ut_user),
            let timeAt = MemoryLayout<utmpx>.offset(of: \.ut_tv)
        else { return [] }
        let descriptor = unsafe open(wtmp, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let size = MemoryLayout<utmpx>.size
        let width = HostLoginHistory.lastlogTimeSize
        let records = Int64(lseek(descriptor, 0, SEEK_END)) / Int64(size)
        let first = max(records - HostLoginHistory.mostRead / Int64(size), 0)
        guard lseek(descriptor, off_t(first * Int64(size)), SEEK_SET) >= 0 else { return [] }
        var latest: [String: Int64] = [:]
        var record = [UInt8](repeating: 0, count: size)
        for _ in first..<records {
            guard unsafe read(descriptor, &record, size) == size else { break }
            guard HostLoginHistory.number(record[0..<2]) == Int64(USER_PROCESS) else { continue }
            let user = record[userAt..<(userAt + 32)].prefix { $0 != 0 }
            let at = HostLoginHistory.number(record[timeAt..<(timeAt + width)])
            let name = String(decoding: user, as: UTF8.self)
            latest[name] = max(latest[name] ?? at, at)
        }
        return latest.sorted { $0.key < $1.key }.map { PastLogin(account: $0.key, at: $0.value, source: "wtmp") }
    }

    /// A number in the machine's own order.
    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64 {
        #if _endian(little)
        return bytes.reversed().reduce(0) { $0 << 8 | Int64($1) }
        #else
        return bytes.reduce(0) { $0 << 8 | Int64($1) }
        #endif
    }
}
