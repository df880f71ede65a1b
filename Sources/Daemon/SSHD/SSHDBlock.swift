/// A Match line of sshd_config, and whom it is for.
package struct SSHDBlock {
    package let line: SSHDLine
    /// The criteria in small letters with their lists; empty for `all`.
    package let criteria: [(name: String, list: String)]

    package init(_ line: SSHDLine) {
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
    package func holds(for connection: SSHDConnection, _ names: SystemNames) -> Bool {
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

    /// Connections that are meant, like another as far as that goes: one for each pattern, and for each user that there is.
    /// Empty where none can be made up.
    package func examples(like usual: SSHDConnection, _ names: SystemNames) -> [SSHDConnection] {
        let made = values("user") + names.users.filter { $0.uid != 0 }.map(\.name) + ["root"]
        var connections = ([usual.user] + made).map { user in
            var connection = usual
            connection.user = user
            return connection
        }
        for (name, place) in SSHDBlock.places {
            let values = values(name)
            guard !values.isEmpty else { continue }
            connections = connections.flatMap { connection in
                values.map { value in
                    var connection = connection
                    connection[keyPath: place] = value
                    return connection
                }
            }
            // Those that count most stand first.
            connections = Array(connections.prefix(SSHDBlock.mostExamples))
        }
        return connections.filter { holds(for: $0, names) }
    }

    /// More are not tried for one line.
    private static let mostExamples = 20_000

    /// Where a connection has what a criterion is about.
    private static var places: [(name: String, place: WritableKeyPath<SSHDConnection, String>)] {
        [
            ("host", \.host), ("address", \.address), ("localaddress", \.localAddress), ("localport", \.localPort),
            ("rdomain", \.routingDomain),
        ]
    }

    /// What the lists of a criterion are about, an example for each pattern.
    private func values(_ name: String) -> [String] {
        let networks = name == "address" || name == "localaddress"
        return criteria.filter { $0.name == name }.flatMap { criterion in
            let examples = SSHDPattern.examples(of: criterion.list, networks: networks)
            return name == "host" ? examples.map { $0.lowercased() } : examples
        }
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
