import Daemon
import Glibc
import PAMStacks

/// Who can change or read what decides about logins.
struct PermissionFindings: FindingSource {
    let subject = "permissions"
    let tree: HostTree

    /// What a file or a folder must not be for others than its owner.
    private struct Demand {
        let path: String
        /// A name of /etc/passwd.
        let owner: String
        /// The bits that would be wrong.
        let forbidden: UInt32
        /// Those of them that are no more than a warning.
        var lesser: UInt32 = 0
        let reason: String
    }

    func findings() -> [CheckFinding] { demands.flatMap { findings($0) } }

    private var demands: [Demand] {
        let folders = StackTree.folders + ["/etc/ssh", "/etc/ssh/sshd_config.d", "/etc/twostep", "/run/twostep"]
        let files =
            StackTree.folders.flatMap { folder in tree.names(in: folder).map { "\(folder)/\($0)" } } + [
                "/etc/ssh/sshd_config"
            ] + tree.names(in: "/etc/ssh/sshd_config.d").map { "/etc/ssh/sshd_config.d/\($0)" }
        let steered = (folders + files).map {
            Demand(
                path: $0, owner: "root", forbidden: 0o022,
                reason: "whoever can change it decides who gets in")
        }
        return steered + [
            Demand(
                path: "/etc/twostep/twostep.key", owner: "root", forbidden: 0o7037,
                reason: "it opens every secret of the store"),
            // What others may read twostepd closes when it starts; what they may write it does not use.
            Demand(
                path: "/var/lib/twostep", owner: Installation.account, forbidden: 0o7077, lesser: 0o7055,
                reason: "it holds what people log in with"),
        ]
    }

    private func findings(_ demand: Demand) -> [CheckFinding] {
        var status = stat()
        guard let place = tree.resolved(demand.path), unsafe stat(place, &status) == 0 else { return [] }
        let file = tree.prefix + demand.path
        let standing = FileStanding(status)
        var findings: [CheckFinding] = []
        if let owner = SystemNames(tree).uid(ofUser: demand.owner), standing.owner != owner {
            findings.append(
                CheckFinding(
                    .problem, file: file, found: "it belongs to uid \(standing.owner)",
                    expected: "\(demand.owner): \(demand.reason)",
                    mend: .command("chown \(demand.owner) \(Wording.word(file))")))
        }
        let excess = standing.permissions & demand.forbidden
        if excess != 0 {
            let good = FileStanding(
                owner: standing.owner, group: standing.group, permissions: standing.permissions & ~demand.forbidden)
            findings.append(
                CheckFinding(
                    excess & ~demand.lesser != 0 ? .problem : .warning, file: file,
                    found: "its mode is \(standing.mode)",
                    expected: "\(good.mode): \(demand.reason)",
                    mend: .command("chmod \(good.mode) \(Wording.word(file))")))
        }
        return findings
    }
}
