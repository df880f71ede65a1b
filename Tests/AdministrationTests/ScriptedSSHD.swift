import Administration
import Foundation

/// Stands in for `sshd -T`: reads sshd_config as a test has written it, with what it includes in place of the line.
/// Of Match it knows `User` with a name, and `all`.
struct ScriptedSSHD: SSHDProgram {
    let files: [String: String]
    static let defaults = [
        "usepam": "yes", "kbdinteractiveauthentication": "yes", "passwordauthentication": "no",
        "pubkeyauthentication": "yes", "gssapiauthentication": "no", "hostbasedauthentication": "no",
        "permitemptypasswords": "no", "permitrootlogin": "no", "authenticationmethods": "any",
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
            case ("match", _): block = value == "all" || value == "User \(connection.user)"
            case (_, nil): general[keyword] = general[keyword] ?? value
            case (_, true): matched[keyword] = matched[keyword] ?? value
            case _: continue
            }
        }
        let all = ScriptedSSHD.defaults.merging(general) { $1 }.merging(matched) { $1 }
        if let unknown = all.keys.first(where: { ScriptedSSHD.defaults[$0] == nil }) {
            throw SSHDFailure(explanation: "/etc/ssh/sshd_config line 1: Bad configuration option: \(unknown)")
        }
        return SSHDSettings(all.map { "\($0) \($1)" }.joined(separator: "\n"))
    }

    private func lines(_ path: String) -> [String] {
        (files[path] ?? "").split(separator: "\n").map(String.init).flatMap { line -> [String] in
            let words = line.split(separator: " ").map(String.init)
            guard words.first?.lowercased() == "include" else { return [line] }
            return files.keys.filter { $0.hasPrefix("/etc/ssh/sshd_config.d/") }.sorted().flatMap { lines($0) }
        }
    }
}
