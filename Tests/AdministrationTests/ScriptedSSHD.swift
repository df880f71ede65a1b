import Administration
import Daemon
import Foundation

/// Stands in for `sshd -T`: reads sshd_config as a test has written it, with what it includes in place of the line.
/// Of Match it knows `User` with names, and `all`.
struct ScriptedSSHD: SSHDProgram {
    let files: [String: String]
    static let defaults = [
        "usepam": "yes", "kbdinteractiveauthentication": "yes", "passwordauthentication": "no",
        "pubkeyauthentication": "yes", "gssapiauthentication": "no", "hostbasedauthentication": "no",
        "authorizedkeysfile": ".ssh/authorized_keys .ssh/authorized_keys2", "authorizedkeyscommand": "none",
        "authorizedprincipalsfile": "none", "authorizedprincipalscommand": "none", "trustedusercakeys": "none",
        "pubkeyauthoptions": "none", "permitemptypasswords": "no", "permitrootlogin": "no",
        "authenticationmethods": "any",
    ]

    func settings(for connection: SSHDConnection) throws(SSHDFailure) -> SSHDSettings {
        var general: [String: String] = [:]
        var matched: [String: String] = [:]
        var block: Bool?
        for line in lines("/etc/ssh/sshd_config") {
            let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
            guard var keyword = words.first?.lowercased(), !keyword.hasPrefix("#") else { continue }
            let value = words.dropFirst().joined(separator: " ")
            if keyword == "challengeresponseauthentication" { keyword = "kbdinteractiveauthentication" }
            switch (keyword, block) {
            case ("match", _): block = value == "all" || ScriptedSSHD.users(value).contains(connection.user)
            case (_, nil): general[keyword] = general[keyword] ?? value
            case (_, true): matched[keyword] = matched[keyword] ?? value
            case _: continue
            }
        }
        let all = ScriptedSSHD.defaults.merging(general) { $1 }.merging(matched) { $1 }
        if let unknown = all.keys.first(where: { ScriptedSSHD.defaults[$0] == nil }) {
            throw SSHDFailure(said: [
                "/etc/ssh/sshd_config line 1: Bad configuration option: \(unknown)", "terminating",
            ])
        }
        if let failure = ScriptedSSHD.unsatisfied(all) { throw failure }
        return SSHDSettings(all.map { "\($0) \($1)" }.joined(separator: "\n"))
    }

    /// The names of `User NAME,NAME`.
    private static func users(_ criteria: String) -> [String] {
        let words = criteria.split(separator: " ")
        return words.count == 2 && words[0] == "User" ? words[1].split(separator: ",").map(String.init) : []
    }

    /// As sshd does, which does not start then.
    private static func unsatisfied(_ all: [String: String]) -> SSHDFailure? {
        let keywords = [
            "publickey": "pubkeyauthentication", "keyboard-interactive": "kbdinteractiveauthentication",
            "password": "passwordauthentication", "gssapi-with-mic": "gssapiauthentication",
            "hostbased": "hostbasedauthentication",
        ]
        var said: [String] = []
        let lists = (all["authenticationmethods"] ?? "any").split(separator: " ").map(String.init)
        for list in lists where list != "any" {
            let methods = list.split(separator: ",").map { String($0.prefix { $0 != ":" }) }
            guard let off = methods.first(where: { all[keywords[$0] ?? ""] != "yes" }) else { return nil }
            said.append("Disabled method \"\(off)\" in AuthenticationMethods list \"\(list)\"")
        }
        return said.isEmpty
            ? nil
            : SSHDFailure(said: said + ["AuthenticationMethods cannot be satisfied by enabled authentication methods"])
    }

    private func lines(_ path: String) -> [String] {
        (files[path] ?? "").split(separator: "\n").map(String.init).flatMap { line -> [String] in
            let words = line.split(separator: " ").map(String.init)
            guard words.first?.lowercased() == "include" else { return [line] }
            return files.keys.filter { $0.hasPrefix("/etc/ssh/sshd_config.d/") }.sorted().flatMap { lines($0) }
        }
    }
}
