/// Whose keys sshd takes, and with that what the tokens in the paths of its settings stand for.
package struct KeyOwner: Equatable, Sendable {
    package let name: String
    package let uid: UInt32
    /// Empty where the account has none.
    package let home: String

    package init(name: String, uid: UInt32, home: String) {
        self.name = name
        self.uid = uid
        self.home = home
    }

    /// A path as sshd makes it of a pattern (sshd_config(5), TOKENS); nil where that cannot be done.
    package func path(of pattern: String) -> String? {
        var path = ""
        var rest = pattern[...]
        while let character = rest.popFirst() {
            guard character == "%" else {
                path.append(character)
                continue
            }
            switch rest.popFirst() {
            case "%": path += "%"
            case "h" where !home.isEmpty: path += home
            case "u": path += name
            case "U": path += String(uid)
            case _: return nil
            }
        }
        guard !path.hasPrefix("/") else { return path }
        return home.isEmpty ? nil : home + "/" + path
    }
}
