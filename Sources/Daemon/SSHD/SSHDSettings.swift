/// What is in force for a connection, as `sshd -T` writes it.
package struct SSHDSettings: Equatable {
    /// A keyword has several values where sshd writes a line for each.
    private let values: [String: [String]]

    /// Reads the lines of `sshd -T`: a keyword and its value.
    package init(_ output: String) {
        var values: [String: [String]] = [:]
        for line in output.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard let keyword = parts.first?.lowercased() else { continue }
            values[keyword, default: []].append(parts.count > 1 ? String(parts[1]) : "")
        }
        self.values = values
    }

    /// The value of a keyword in small letters; nil where this sshd does not know it.
    package subscript(_ keyword: String) -> String? { values[keyword]?.first }

    /// The patterns of a keyword that takes several; empty where it is not set.
    package func patterns(_ keyword: String) -> [String] {
        (values[keyword] ?? []).flatMap { $0.split(separator: " ") }.map(String.init)
    }

    /// Whether it is on; what this sshd does not know is off.
    package func isOn(_ keyword: String) -> Bool { self[keyword]?.lowercased() == "yes" }

    /// The lists of methods of which one has to be gone through; nil where any single method is enough.
    package var methodLists: [[String]]? {
        guard let value = self["authenticationmethods"], !value.isEmpty, value.lowercased() != "any" else {
            return nil
        }
        return value.split(separator: " ").map { $0.split(separator: ",").map(String.init) }
    }

    /// The methods that are on, by the names that lists have for them.
    package var methods: [String] {
        let keywords = [
            ("pubkeyauthentication", "publickey"), ("gssapiauthentication", "gssapi-with-mic"),
            ("hostbasedauthentication", "hostbased"), ("passwordauthentication", "password"),
            ("kbdinteractiveauthentication", "keyboard-interactive"),
        ]
        return keywords.filter { isOn($0.0) }.map(\.1)
    }
}
