import AdminProtocol
import Authentication
import Cryptography

/// What `twostep init` makes: the user, the directories, the key and a first configuration.
struct Installation {
    let configuration: InstallationPath
    let key: InstallationPath
    let state: InstallationPath
    let runtime: InstallationPath
    let accounts: any SystemAccounts
    /// The group of what is nobody's but root's.
    let rootGroup: UInt32

    /// Finds root's group first; throws if the system cannot tell.
    init(
        configuration: InstallationPath, key: InstallationPath, state: InstallationPath, runtime: InstallationPath,
        accounts: any SystemAccounts
    ) throws(CommandFailure) {
        self.configuration = configuration
        self.key = key
        self.state = state
        self.runtime = runtime
        self.accounts = accounts
        do throws(SystemAccountsFailure) {
            rootGroup = try accounts.gid(ofGroup: "root") ?? 0
        } catch {
            throw CommandFailure(.refused, code: .files, error.explanation)
        }
    }

    /// The user that twostepd becomes, and its group.
    static let account = "twostep"

    /// The first configuration: the first factor is whatever PAM had before, then a TOTP code or one on paper.
    static let firstConfiguration = """
        # Twostep's configuration. A broken one admits nobody, so that a typing error cannot waive a factor:
        # after a change, see what `twostep check` says, and `twostep status` once it is in force.

        # Who proves the first factor, and which further steps follow it, in this order; all are required.
        auth_providers:
          # pam: sshd's public key, or the password that was asked for above our line in /etc/pam.d.
          # Without the one or the other a login is refused before any code is asked for.
          - type: pam
            modules:
              # A code of an authenticator app (RFC 6238), or one of ten codes on paper for who has lost the phone, each good
              # once. The codes come with a user's first device. Enrol with: twostep enroll USER totp
              - any_of: [totp, recovery_code]
              # The code of the app alone, and no such way back:
              # - type: totp

        """

    /// Makes what is missing, in the order in which it is needed; throws at the first thing that cannot be made.
    func perform() throws(CommandFailure) -> [InstallationStep] {
        var steps: [InstallationStep] = []
        let name = Installation.account
        let group = try make("group", name, find: accounts.gid(ofGroup:)) { () throws(SystemAccountsFailure) in
            try accounts.createGroup(name)
        }
        let user = try make("user", name, find: accounts.uid(ofUser:)) { () throws(SystemAccountsFailure) in
            try accounts.createUser(name, group: name, home: state.text)
        }
        steps += [group.step, user.step]
        let root = accounts.administrator
        let configured = FileStanding(owner: root, group: group.number, permissions: 0o640)
        let folder = FileStanding(owner: root, group: group.number, permissions: 0o750)
        for parent in configuration.parent == key.parent ? [configuration.parent] : [configuration.parent, key.parent] {
            guard let path = InstallationPath(parent) else { continue }
            steps.append(try directory(path, folder))
            try checkTrust(path)
        }
        steps.append(try file("key", key, configured) { () throws(CommandFailure) in try freshKey() })
        steps.append(
            try file("configuration", configuration, configured) { () throws(CommandFailure) in
                let text = Array(Installation.firstConfiguration.utf8)
                return Secret(copying: text.span)
            })
        steps.append(
            try directory(state, FileStanding(owner: user.number, group: group.number, permissions: 0o700)))
        steps.append(try directory(runtime, FileStanding(owner: root, group: rootGroup, permissions: 0o755)))
        return steps
    }

    private func find(
        _ name: String, _ look: (String) throws(SystemAccountsFailure) -> UInt32?
    ) throws(CommandFailure) -> UInt32? {
        do throws(SystemAccountsFailure) {
            return try look(name)
        } catch {
            throw CommandFailure(.refused, code: .files, error.explanation)
        }
    }

    private func make(
        _ kind: String, _ name: String, find look: (String) throws(SystemAccountsFailure) -> UInt32?,
        create: () throws(SystemAccountsFailure) -> Void
    ) throws(CommandFailure) -> (step: InstallationStep, number: UInt32) {
        if let number = try find(name, look) {
            // As root's, its files would be root's, and the daemon would run as root.
            guard number != 0 else {
                throw CommandFailure(.refused, code: .files, "The \(kind) '\(name)' has the number 0, which is root's.")
            }
            return (InstallationStep(kind: kind, subject: name, outcome: .present), number)
        }
        do throws(SystemAccountsFailure) {
            try create()
        } catch {
            throw CommandFailure(
                .refused, code: .files, "The \(kind) '\(name)' cannot be made. \(error.explanation)")
        }
        guard let number = try find(name, look), number != 0 else {
            throw CommandFailure(.refused, code: .files, "The \(kind) '\(name)' was made and is not there.")
        }
        return (InstallationStep(kind: kind, subject: name, outcome: .created), number)
    }

    private func directory(
        _ path: InstallationPath, _ expected: FileStanding
    ) throws(CommandFailure) -> InstallationStep {
        let outcome: InstallationStep.Outcome
        switch try InstallationFiles.look(at: path.text) {
        case .nothing:
            try InstallationFiles.makeDirectory(path, expected)
            outcome = .created
        case .directory(let found): outcome = try compare(path, found, expected)
        case .file, .other:
            throw CommandFailure(.refused, code: .files, "\(path.text) is there, and is not a directory.")
        }
        return InstallationStep(kind: "directory", subject: path.text, outcome: outcome)
    }

    private func file(
        _ kind: String, _ path: InstallationPath, _ expected: FileStanding,
        contents: () throws(CommandFailure) -> Secret
    ) throws(CommandFailure) -> InstallationStep {
        let outcome: InstallationStep.Outcome
        switch try InstallationFiles.look(at: path.text) {
        case .nothing:
            let contents = try contents()
            let suffix = try random(count: 8)
            try suffix.withBytes { (suffix) throws(CommandFailure) in
                let name = suffix.indices.map { String(suffix[$0], radix: 16) }.joined()
                try contents.withBytes { (bytes) throws(CommandFailure) in
                    try InstallationFiles.makeFile(path, expected, contents: bytes, suffix: name)
                }
            }
            outcome = .created
        case .file(let found): outcome = try compare(path, found, expected)
        case .directory, .other:
            throw CommandFailure(.refused, code: .files, "\(path.text) is there, and is not a file.")
        }
        return InstallationStep(kind: kind, subject: path.text, outcome: outcome)
    }

    private func compare(
        _ path: InstallationPath, _ found: FileStanding, _ expected: FileStanding
    ) throws(CommandFailure) -> InstallationStep.Outcome {
        // What was installed before there was a group to give it to is root's alone.
        let fresh = FileStanding(owner: expected.owner, group: rootGroup, permissions: expected.permissions)
        if found != expected, found == fresh, expected.owner == accounts.administrator,
            try InstallationFiles.handOver(path, from: found, to: expected)
        {
            return .handedOver
        }
        if found.owner != expected.owner || found.group != expected.group {
            return .differs(
                "it belongs to \(found.owner):\(found.group), expected \(expected.owner):\(expected.group)",
                remedy: "chown \(expected.owner):\(expected.group) \(path.text)")
        }
        guard found.permissions == expected.permissions else {
            return .differs(
                "its mode is \(found.mode), expected \(expected.mode)", remedy: "chmod \(expected.mode) \(path.text)")
        }
        return .present
    }

    /// Nothing is put where others could exchange it.
    private func checkTrust(_ path: InstallationPath) throws(CommandFailure) {
        guard case .directory(let found) = try InstallationFiles.look(at: path.text),
            found.owner == accounts.administrator, found.permissions & 0o022 == 0
        else {
            throw CommandFailure(
                .refused, code: .files, "Others than root can change what is in \(path.text). Nothing was put there.",
                hint: "chown root:\(Installation.account) \(path.text) && chmod 0750 \(path.text)")
        }
    }

    /// 32 random bytes as 64 hexadecimal digits and a newline.
    private func freshKey() throws(CommandFailure) -> Secret {
        // A new key would open nothing of an old store, and every login would fail with no word why.
        guard try !InstallationFiles.holdsStore(state.text) else {
            throw CommandFailure(
                .refused, code: .files, "There is a store in \(state.text), but its key \(key.text) is missing.",
                hint: "Put the key back from a backup. Without it, move the store away and enrol everybody anew.")
        }
        return try KeyText.fresh()
    }

    private func random(count: Int) throws(CommandFailure) -> Secret {
        do throws(CryptographyFailure) {
            return try Secret(count: count) { (target) throws(CryptographyFailure) in try fillRandom(&target) }
        } catch {
            throw CommandFailure(.refused, code: .files, "The machine gives no random bytes.")
        }
    }
}
