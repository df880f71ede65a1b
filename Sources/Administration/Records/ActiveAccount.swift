package import AdminProtocol

/// An account that logs in and has nothing to answer with.
package struct ActiveAccount: Equatable {
    package let account: String
    /// Unix seconds.
    package let at: Int64
    /// Who says so: `twostepd`, `lastlog` or `wtmp`.
    package let source: String
    /// Nil where only the system's own files say so.
    package let service: String?
    /// `skipped`, `exempt`, `refused`; nil where only the system's own files say so.
    package let way: String?
    /// Where the login came from; nil where that is not known, or from the machine itself.
    package var host: String?
    /// What the configuration in force would make of another: `denied`, `skipped` and so on; nil where that is not known.
    package var prospect: String?

    /// Those who were seen since a moment and have nothing to answer with, by name.
    ///
    /// Whom a rule exempts is asked for nothing, and stays out, unless another service has refused them.
    package static func unenrolled(
        _ accounts: [ReportedAccount], _ logins: [PastLogin], since: Int64
    ) -> [ActiveAccount] {
        var found: [String: ActiveAccount] = [:]
        var settled: Set<String> = []
        for account in accounts {
            let refused = account.refusedUnenrolledAt.flatMap { $0 >= since ? $0 : nil }
            let isExempt = account.visit?.way == .exempt && refused == nil
            guard !account.isEnrolled, !isExempt else {
                settled.insert(account.account)
                continue
            }
            if let visit = account.visit, visit.at >= since, visit.at >= refused ?? .min {
                found[account.account] = ActiveAccount(
                    account: account.account, at: visit.at, source: "twostepd", service: visit.service,
                    way: visit.way.rawValue, host: visit.host)
            } else if let refused {
                found[account.account] = ActiveAccount(
                    account: account.account, at: refused, source: "twostepd", service: nil, way: "refused")
            }
        }
        for login in logins where login.at >= since && !settled.contains(login.account) {
            guard login.at > found[login.account]?.at ?? .min else { continue }
            let before = found[login.account]
            found[login.account] = ActiveAccount(
                account: login.account, at: login.at, source: login.source, service: before?.service,
                way: before?.way, host: before?.host)
        }
        return found.values.sorted { $0.account.utf8.lexicographicallyPrecedes($1.account.utf8) }
    }

    /// A row: empty cells where nothing is known.
    func cells(moment: (Int64) -> String) -> [String] {
        [account, moment(at), source, service ?? "", way ?? "", prospect ?? ""]
    }

    /// The login to ask about: with every first factor, of sshd where no service is known.
    var supposed: SupposedLogin {
        SupposedLogin(
            service: service ?? "sshd", account: account, remoteHost: host, ssh: ["publickey"], hasAuthtok: true)
    }

    var json: JSONValue {
        .object([
            ("account", .text(account)), ("last_seen_at", .integer(at)), ("source", .text(source)),
            ("service", .text(service)), ("last_result", .text(way)), ("prospect", .text(prospect)),
        ])
    }
}
