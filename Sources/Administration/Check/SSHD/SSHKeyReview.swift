import Authentication
import Daemon

/// Rules that count security keys, held against what is in force in sshd for the logins that they are for. twostepd looks
/// itself at each login, and does not count a key where it finds what is found here.
struct SSHKeyReview {
    /// What is wrong, and for which connection.
    struct Fault {
        let fault: SSHDFault
        let connection: SSHDConnection
    }

    /// More often sshd is not asked.
    private static let mostAsked = 256
    /// All kinds of security keys: a rule may be for one of them.
    private static let evidence = Evidence(methods: [
        "publickey sk-ssh-ed25519@openssh.com", "publickey sk-ecdsa-sha2-nistp256@openssh.com",
        "publickey sk-ssh-ed25519-cert-v01@openssh.com", "publickey sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
    ])

    let policy: Policy
    let file: SSHDFile
    let names: SystemNames
    let usual: SSHDConnection
    /// Who else than root could change what is at a path, in words; nil for nobody.
    let faultOf: (String) -> String?

    /// Each keyword that is wrong once for each line that sets it; throws where sshd does not say what is in force.
    func faults(by program: any SSHDProgram) throws(SSHDFailure) -> [Fault] {
        guard policy.rules.contains(where: \.countsSecurityKey) else { return [] }
        var settings: [[Int]: SSHDSettings] = [:]
        var faults: [Fault] = []
        var seen: Set<Place> = []
        for connection in connections {
            guard let rule = rule(counting: connection), let owner = owner(connection.user) else { continue }
            let holding = file.blocks.indices.filter { file.blocks[$0].holds(for: connection, names) }
            guard settings[holding] != nil || settings.count < SSHKeyReview.mostAsked else { continue }
            let known: SSHDSettings
            if let asked = settings[holding] {
                known = asked
            } else {
                known = try program.settings(for: connection)
                settings[holding] = known
            }
            for objection in SSHKeyTerms.objections(known, for: owner, faultOf: faultOf) {
                let line = file.line(setting: objection.keyword, for: connection, names)
                guard seen.insert(Place(keyword: objection.keyword, path: line?.path, line: line?.number)).inserted
                else { continue }
                faults.append(Fault(fault: fault(objection, rule), connection: connection))
            }
        }
        return faults
    }

    private struct Place: Hashable {
        let keyword: String
        let path: String?
        let line: Int?
    }

    private func fault(_ objection: SSHKeyTerms.Objection, _ rule: Rule) -> SSHDFault {
        SSHDFault(
            severity: .problem, keyword: objection.keyword,
            found: "\(objection.found); so no key counts by the rule in line \(rule.line) (ssh_key: second_factor)",
            expected: objection.expected, line: objection.line)
    }

    /// Those that the rules are for, one for each user and network that they name, and those that Match lines are for.
    private var connections: [SSHDConnection] {
        let users = [usual.user] + names.users.filter { $0.uid == 0 || $0.uid >= 1000 && $0.uid < 65_534 }.map(\.name)
        let rules = policy.rules.filter(\.countsSecurityKey)
        let addresses =
            [usual.address]
            + rules.flatMap(\.match.networks).map { String($0.description.prefix { $0 != "/" }) }
        let plain = users.flatMap { user in
            addresses.map { address in
                var connection = usual
                connection.user = user
                connection.address = address
                return connection
            }
        }
        return plain + file.blocks.flatMap { $0.examples(like: usual, names) }
    }

    /// The rule by which a security key counts for a connection, at whatever time; nil where there is none.
    private func rule(counting connection: SSHDConnection) -> Rule? {
        guard let account = AccountName(connection.user) else { return nil }
        var request = LoginRequest(
            service: "sshd", account: account, remoteHost: connection.address, evidence: SSHKeyReview.evidence)
        request.groups = Set(names.groups(of: connection.user))
        for rule in policy.rules {
            var match = rule.match
            match.times = []
            guard match.holds(for: request) else { continue }
            if rule.countsSecurityKey { return rule }
            // A rule for certain hours leaves the others to those behind it.
            guard !rule.match.times.isEmpty else { return nil }
        }
        return nil
    }

    private func owner(_ user: String) -> KeyOwner? {
        names.users.first { $0.name == user }.map {
            KeyOwner(name: $0.name, uid: $0.uid, home: $0.home)
        }
    }
}
