import Authentication
package import Daemon

/// A login by ssh, as far as sshd's own settings look at it.
package struct SSHDLogin {
    let user: String
    /// Nil where there is no such account.
    let uid: UInt32?
    let groups: [String]
    /// Whether a key is shown.
    let hasKey: Bool
    /// What sshd is told of it.
    let connection: SSHDConnection

    /// `remoteHost` is an address, or a name that some address has.
    package init(user: String, uid: UInt32?, groups: [String], hasKey: Bool, remoteHost: String) {
        self.user = user
        self.uid = uid
        self.groups = groups
        self.hasKey = hasKey
        var connection = SSHDConnection(user: user, host: remoteHost, localAddress: "127.0.0.1")
        if IPAddress(remoteHost) != nil { connection.address = remoteHost }
        self.connection = connection
    }

    /// Why sshd lets the person in by no means, whatever PAM says; empty where nothing stands against it.
    package func refusals(by settings: SSHDSettings) -> [String] {
        [unlisted(settings), root(settings), methods(settings)].compactMap { $0 }
    }

    /// What lets the person in with less than it seems.
    package func remarks(on settings: SSHDSettings) -> [String] {
        guard settings.isOn("usepam") else { return [] }
        guard let lists = settings.methodLists else {
            if hasKey, settings.isOn("pubkeyauthentication") {
                return ["AuthenticationMethods is not set: the key alone opens a session, and PAM is asked no question"]
            }
            guard !hasKey, settings.isOn("passwordauthentication") else { return [] }
            return ["PasswordAuthentication yes: by this method every question is answered with the password"]
        }
        guard hasKey, let alone = lists.first(where: { SSHDJudge.names($0).allSatisfy { $0 == "publickey" } }) else {
            return []
        }
        return [
            "AuthenticationMethods \(alone.joined(separator: ",")): the key alone opens a session, and PAM is asked no "
                + "question"
        ]
    }

    /// In the order in which sshd looks.
    private func unlisted(_ settings: SSHDSettings) -> String? {
        if let pattern = settings.patterns("denyusers").first(where: isMeant) { return "DenyUsers \(pattern)" }
        let allowed = settings.patterns("allowusers")
        if !allowed.isEmpty, !allowed.contains(where: isMeant) {
            return "AllowUsers \(allowed.joined(separator: " ")): \(user) is not among them"
        }
        let denied = settings.patterns("denygroups")
        if let pattern = denied.first(where: { pattern in groups.contains { SSHDPattern.holds(pattern, for: $0) } }) {
            return "DenyGroups \(pattern)"
        }
        let wanted = settings.patterns("allowgroups")
        if !wanted.isEmpty, !wanted.contains(where: { list in groups.contains { SSHDPattern.holds(list, for: $0) } }) {
            return "AllowGroups \(wanted.joined(separator: " ")): \(user) is in none of them"
        }
        return nil
    }

    /// Whether USER or USER@HOST is about this login.
    private func isMeant(_ pattern: String) -> Bool {
        guard let at = pattern.lastIndex(of: "@") else { return SSHDPattern.holds(pattern, for: user) }
        let hosts = String(pattern[pattern.index(after: at)...])
        return SSHDPattern.holds(String(pattern[..<at]), for: user)
            && (SSHDPattern.holds(hosts, for: connection.address, networks: true)
                || SSHDPattern.holds(hosts.lowercased(), for: connection.host.lowercased()))
    }

    private func root(_ settings: SSHDSettings) -> String? {
        guard uid == 0, let value = settings["permitrootlogin"]?.lowercased() else { return nil }
        switch value {
        case "yes": return nil
        case "no": return "PermitRootLogin no"
        case "forced-commands-only": return "PermitRootLogin \(value): root gets in with a key for one command alone"
        case _:
            // A key that is enough is no password.
            let keyIsEnough =
                hasKey
                && (settings.methodLists ?? [["publickey"]]).contains {
                    SSHDJudge.names($0).allSatisfy { $0 == "publickey" }
                }
            return keyIsEnough
                ? nil : "PermitRootLogin \(value): to sshd a code is a password, and root's comes to PAM as rubbish"
        }
    }

    private func methods(_ settings: SSHDSettings) -> String? {
        guard settings.isOn("usepam") else { return "UsePAM no: sshd never asks pam_twostep.so" }
        guard !hasKey || settings.isOn("pubkeyauthentication") else {
            return "PubkeyAuthentication no: no key is taken"
        }
        let lists = settings.methodLists
        // With the key alone somebody is in before anybody could be asked.
        let keyIsEnough = lists?.contains { SSHDJudge.names($0).allSatisfy { $0 == "publickey" } } ?? true
        guard !(hasKey && keyIsEnough) else { return nil }
        guard settings.isOn("kbdinteractiveauthentication") else {
            return "KbdInteractiveAuthentication no: nobody can be asked for a code"
        }
        guard let lists else { return nil }
        let usable = lists.filter { list in
            let names = SSHDJudge.names(list)
            let others = names.filter { $0 != "keyboard-interactive" && !(hasKey && $0 == "publickey") }
            return SSHDJudge.asks(list) && others.isEmpty && (!hasKey || names.contains("publickey"))
        }
        guard usable.isEmpty else { return nil }
        let written = "AuthenticationMethods \(lists.map { $0.joined(separator: ",") }.joined(separator: " "))"
        return hasKey
            ? "\(written): no key comes before the questions"
            : "\(written): without a key nobody is asked; suppose one with --ssh-key"
    }
}
