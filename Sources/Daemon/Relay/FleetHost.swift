import Authentication

/// A host of the fleet, as the hubs' register has it: one certificate, and what may be asked with it.
struct FleetHost: Codable, Equatable, Sendable {
    /// What the certificate calls it.
    let name: String
    /// The certificate's, in hexadecimal digits: by it alone a host is known.
    let serial: String
    /// Unix seconds.
    let issuedAt: Int64
    /// Unix seconds.
    let until: Int64
    /// PAM's services that it may ask for; `*` is any.
    let services: [String]
    /// Accounts that it may ask about, `@group` for the members of a group, `*` for everybody but uid 0.
    let users: [String]
    /// Unix seconds; nil while it is good.
    var revokedAt: Int64?

    /// Whether it may ask for a service.
    func mayAsk(for service: String) -> Bool { services.contains("*") || services.contains(service) }

    /// Whether it may ask about an account, and what the directory says of that; not for the event loop.
    ///
    /// It is the hub's own directory that is asked: a host's word about uid and groups is never taken.
    func admission(of account: AccountName, in directory: any AccountDirectory) -> Admission {
        let isNamed = users.contains { AccountName($0) == account }
        switch directory.account(named: account) {
        case .cannotTell: return .cannotTell
        case .notFound:
            if isNamed || users.contains("*") { return .admitted(nil) }
            // It takes as long as it does with somebody who is known.
            _ = memberships(of: account, gid: .max, in: directory)
            return .refused
        case .found(let facts):
            if isNamed { return .admitted(facts) }
            // Whoever is uid 0 here is never meant by a rule for many.
            guard facts.uid != 0 else { return .refused }
            if users.contains("*") { return .admitted(facts) }
            let answers = memberships(of: account, gid: facts.gid, in: directory)
            return answers.contains(true) ? .admitted(facts) : answers.contains(nil) ? .cannotTell : .refused
        }
    }

    private func memberships(
        of account: AccountName, gid: UInt32, in directory: any AccountDirectory
    ) -> [Bool?] {
        users.filter { $0.hasPrefix("@") }.map {
            directory.isMember(account, gid: gid, of: String($0.dropFirst()))
        }
    }

    /// Whether a host may ask about an account.
    enum Admission: Equatable, Sendable {
        /// It may; nil is an account that the directory does not know.
        case admitted(AccountFacts?)
        case refused
        case cannotTell
    }
}
