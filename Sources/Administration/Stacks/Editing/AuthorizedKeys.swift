package import Daemon
package import PAMStacks

/// The keys with which somebody may log in by ssh, as far as files tell.
package struct AuthorizedKeys {
    private let account: StackAccount
    private let settings: SSHDSettings
    private let files: any FileTree

    package init(account: StackAccount, settings: SSHDSettings, files: any FileTree) {
        self.account = account
        self.settings = settings
        self.files = files
    }

    /// What is known of them.
    package enum Standing: Equatable {
        case there
        /// In none of these files, all that there are for the account; and no program and no authority names others.
        case none(looked: [String])
        case cannotTell
    }

    package var standing: Standing {
        guard settings["authorizedkeysfile"] != nil else { return .cannotTell }
        let paths = settings.patterns("authorizedkeysfile").filter { $0.lowercased() != "none" }.map(expanded)
        if paths.contains(where: hasKey) { return .there }
        let others = ["authorizedkeyscommand", "trustedusercakeys"]
        guard others.allSatisfy({ (settings[$0] ?? "none").lowercased() == "none" }) else { return .cannotTell }
        return .none(looked: paths)
    }

    /// As sshd finds a file: its tokens in place of what they stand for, below the home unless it says where (sshd_config(5)).
    private func expanded(_ pattern: String) -> String {
        var path = ""
        var rest = pattern[...]
        while let character = rest.popFirst() {
            guard character == "%", let token = rest.popFirst() else {
                path.append(character)
                continue
            }
            switch token {
            case "h": path += account.home
            case "u": path += account.name
            case "U": path += String(account.uid)
            case _: path.append(token)
            }
        }
        return path.hasPrefix("/") ? path : "\(account.home)/\(path)"
    }

    private func hasKey(_ path: String) -> Bool {
        guard let bytes = files.contents(of: path) else { return false }
        return bytes.split(separator: UInt8(ascii: "\n")).contains { line in
            line.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") && $0 != UInt8(ascii: "\r") }
                .map { $0 != UInt8(ascii: "#") } ?? false
        }
    }
}
