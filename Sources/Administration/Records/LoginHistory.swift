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

/// The logins that were found, and whether there may be more.
package struct PastLogins: Equatable {
    package let known: [PastLogin]
    /// Why some may be missing, in a sentence; nil where all was looked through.
    package let gap: String?

    package init(_ known: [PastLogin], gap: String? = nil) {
        self.known = known
        self.gap = gap
    }
}

/// What the system remembers of logins, whether they passed Twostep or not.
package protocol LoginHistory {
    /// The last login of each account since a moment, as far as files say; an account may come twice.
    func logins(since: Int64) -> PastLogins
}

/// lastlog and wtmp, where they are kept and can be read.
package struct HostLoginHistory: LoginHistory {
    /// How much of wtmp's end is read, in bytes.
    private static let mostRead: Int64 = 64 * 1024 * 1024

    private let lastlog: String
    private let wtmp: String
    private let nextAccount: () -> AccountWalk.Step

    /// `nextAccount` walks through the accounts; without it through those of the system's directory.
    package init(
        lastlog: String = "/var/log/lastlog", wtmp: String = "/var/log/wtmp",
        nextAccount: @escaping () -> AccountWalk.Step = { AccountWalk.next() }
    ) {
        self.lastlog = lastlog
        self.wtmp = wtmp
        self.nextAccount = nextAccount
    }

    package func logins(since: Int64) -> PastLogins {
        let last = lastLogins()
        return PastLogins((last.known + wtmpLogins()).filter { $0.at >= since }, gap: last.gap)
    }

    // MARK: lastlog

    /// struct lastlog of lastlog(8): a time, 32 bytes of line, 256 of host. The time is as wide as utmp's.
    private static var lastlogTimeSize: Int { MemoryLayout<utmpx>.size == 384 ? 4 : 8 }

    /// One place a uid, so it is read for the accounts there are: the file may be as long as the largest uid.
    private func lastLogins() -> PastLogins {
        let descriptor = unsafe open(lastlog, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return PastLogins([]) }
        defer { close(descriptor) }
        let width = HostLoginHistory.lastlogTimeSize
        var found: [PastLogin] = []
        setpwent()
        defer { endpwent() }
        while true {
            switch nextAccount() {
            case .end: return PastLogins(found)
            case .cutOff(let code):
                return PastLogins(
                    found,
                    gap: "The system's directory was cut off (\(SystemError.text(code))): \(lastlog) may know of more.")
            case .account(let name, let uid):
                var bytes = [UInt8](repeating: 0, count: width)
                let place = off_t(uid) * off_t(width + 32 + 256)
                guard unsafe pread(descriptor, &bytes, width, place) == width else { continue }
                let at = HostLoginHistory.number(bytes[...])
                if at > 0 { found.append(PastLogin(account: name, at: at, source: "lastlog")) }
            }
        }
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
