package import Daemon
package import PAMStacks

/// The keys with which somebody may log in by ssh, as far as files tell.
package struct AuthorizedKeys {
    private let owner: KeyOwner
    private let settings: SSHDSettings
    private let files: any FileTree

    package init(owner: KeyOwner, settings: SSHDSettings, files: any FileTree) {
        self.owner = owner
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
        let patterns = settings.patterns("authorizedkeysfile").filter { $0.lowercased() != "none" }
        let paths = patterns.compactMap(owner.path)
        if paths.contains(where: hasKey) { return .there }
        // sshd itself would take no such pattern.
        guard paths.count == patterns.count else { return .cannotTell }
        let others = ["authorizedkeyscommand", "trustedusercakeys"]
        guard others.allSatisfy({ (settings[$0] ?? "none").lowercased() == "none" }) else { return .cannotTell }
        return .none(looked: paths)
    }

    private func hasKey(_ path: String) -> Bool {
        guard let bytes = files.contents(of: path) else { return false }
        return bytes.split(separator: UInt8(ascii: "\n")).contains { line in
            line.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") && $0 != UInt8(ascii: "\r") }
                .map { $0 != UInt8(ascii: "#") } ?? false
        }
    }
}
