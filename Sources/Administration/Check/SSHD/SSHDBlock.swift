/// A Match line of sshd_config, and whom it is for.
struct SSHDBlock {
    let line: SSHDLine
    /// The criteria in small letters with their lists; empty for `all`.
    let criteria: [(name: String, list: String)]

    init(_ line: SSHDLine) {
        self.line = line
        var criteria: [(String, String)] = []
        var rest = line.arguments[...]
        while let name = rest.popFirst()?.lowercased() {
            if let equals = name.firstIndex(of: "=") {
                criteria.append((String(name[..<equals]), String(name[name.index(after: equals)...])))
            } else if name != "all" {
                criteria.append((name, rest.popFirst() ?? ""))
            }
        }
        self.criteria = criteria
    }

    /// Whether a connection is meant.
    func holds(for connection: SSHDConnection, _ names: SystemNames) -> Bool {
        criteria.allSatisfy { name, list in
            switch name {
            case "user": SSHDPattern.holds(list, for: connection.user)
            case "group": SSHDBlock.isMember(connection.user, of: list, names)
            case "host": SSHDPattern.holds(list.lowercased(), for: connection.host)
            case "address": SSHDPattern.holds(list, for: connection.address, networks: true)
            case "localaddress": SSHDPattern.holds(list, for: connection.localAddress, networks: true)
            case "localport": list == connection.localPort
            case "rdomain": SSHDPattern.holds(list, for: connection.routingDomain)
            case _: false
            }
        }
    }

    /// A connection that is meant, like another as far as that goes; nil where none can be made up.
    func example(like usual: SSHDConnection, _ names: SystemNames) -> SSHDConnection? {
        var connection = usual
        for (name, list) in criteria {
            let networks = name == "address" || name == "localaddress"
            let example = SSHDPattern.example(of: list, networks: networks)
            switch name {
            case "host": connection.host = example?.lowercased() ?? connection.host
            case "address": connection.address = example ?? connection.address
            case "localaddress": connection.localAddress = example ?? connection.localAddress
            case "localport": connection.localPort = list
            case "rdomain": connection.routingDomain = example ?? connection.routingDomain
            case _: break
            }
        }
        let made = criteria.filter { $0.name == "user" }.compactMap { SSHDPattern.example(of: $0.list) }
        let ordinary = names.users.filter { $0.uid != 0 }.map(\.name)
        for user in [usual.user] + made + ordinary + ["root"] {
            connection.user = user
            if holds(for: connection, names) { return connection }
        }
        return nil
    }

    /// Any of somebody's groups, unless one of them is excluded.
    private static func isMember(_ user: String, of list: String, _ names: SystemNames) -> Bool {
        let groups = names.groups(of: user)
        let excluded = list.split(separator: ",").filter { $0.first == "!" }.map { $0.dropFirst() }
        guard !groups.contains(where: { group in excluded.contains { SSHDPattern.holds(String($0), for: group) } })
        else { return false }
        return groups.contains { SSHDPattern.holds(list, for: $0) }
    }
}
