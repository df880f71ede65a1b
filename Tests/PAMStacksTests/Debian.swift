import Foundation
import PAMStacks
import PAMStacksTesting

/// Debian's stacks as they are installed, and those that this repository ships.
enum Debian {
    static let programs: Set<String> = ["/usr/sbin/sshd", "/usr/bin/sudo", "/usr/bin/su", "/bin/login"]
    static let security = "/lib/x86_64-linux-gnu/security"
    static let modules: Set<String> = Set(
        [
            "cap", "deny", "env", "faildelay", "faillock", "fprintd", "group", "keyinit", "lastlog", "limits",
            "listfile", "loginuid", "mail", "motd", "nologin", "permit", "rootok", "selinux", "sss", "succeed_if",
            "twostep", "u2f", "unix", "wheel",
        ].map { "\(security)/pam_\($0).so" })

    static let stacks = [
        "common-auth": """
        auth\t[success=1 default=ignore]\tpam_unix.so nullok
        auth\trequisite\t\t\tpam_deny.so
        auth\trequired\t\t\tpam_permit.so
        auth\toptional\t\t\tpam_cap.so

        """,
        "common-account": "account\trequired\tpam_permit.so\n",
        "common-session": "session\trequired\tpam_permit.so\n",
        "common-session-noninteractive": "session\trequired\tpam_permit.so\n",
        "common-password": "password\trequired\tpam_permit.so\n",
        "other": "@include common-auth\n@include common-account\n@include common-password\n@include common-session\n",
        "sshd": "@include common-auth\naccount required pam_nologin.so\n@include common-account\n",
        "sudo": "session required pam_limits.so\n\n@include common-auth\n@include common-account\n",
        "sudo-i": "session required pam_limits.so\n\n@include common-auth\n@include common-account\n",
        "su": "auth sufficient pam_rootok.so\n@include common-auth\n@include common-account\n",
        "su-l": "auth include su\naccount include su\n",
        "login": """
        auth       optional   pam_faildelay.so  delay=3000000
        auth       requisite  pam_nologin.so
        @include common-auth
        auth       optional   pam_group.so
        @include common-account

        """,
    ]

    /// A Debian with other files in some places; an absolute path is itself.
    static func tree(_ files: [String: String] = [:], without missing: Set<String> = []) -> InMemoryTree {
        var all = Dictionary(uniqueKeysWithValues: stacks.map { ("/etc/pam.d/\($0)", $1) })
        for (name, text) in files { all[name.hasPrefix("/") ? name : "/etc/pam.d/\(name)"] = text }
        return InMemoryTree(files: all, present: programs.union(modules).subtracting(missing))
    }

    /// What lies in pam.d/ of this repository.
    static func shipped() throws -> [String: String] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("pam.d")
        var files: [String: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            files[name] = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
        }
        return files
    }
}
