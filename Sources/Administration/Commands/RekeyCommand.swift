import AdminProtocol
import ArgumentParser
import Authentication

/// `twostep rekey`: another sealing key, while people go on logging in.
struct RekeyCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "rekey", abstract: "Seal every secret of the store with a new key.",
        discussion: """
            Makes a new key beside the present one, has twostepd seal each secret anew with it, and puts it in the other's \
            place. Logins go on meanwhile. Cut short at any moment nothing is lost: type it again. Where systemd passes the \
            key in encrypted, it says what to do.
            Example: twostep rekey
            """)

    @OptionGroup var place: StoreKeyOptions
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let path = try place.path()
        guard let files = KeyRotationFiles(key: path) else { throw StoreKeyOptions.isNoPlace(path) }
        guard world.accounts.isPrivileged else {
            throw CommandFailure(
                .refused, code: .notPermitted, "Only root may change the key.", hint: "Try it with sudo.")
        }
        return try RotationLock.hold(in: files.key.parent) { () throws(CommandFailure) in try rotate(files, world) }
    }

    private func rotate(
        _ files: KeyRotationFiles, _ world: AdministrationWorld
    ) throws(CommandFailure) -> Report {
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: max(world.replyLimit, 60_000))
        let answer = try connection.ask(.keys)
        guard case .keys(let standing) = answer.reply else { throw connection.misplaced() }
        guard let present = standing.fileKey, ([standing.current] + standing.former).contains(present),
            standing.nextFile == nil || standing.nextFile == standing.file + ".new"
        else { return try sealWithPassedIn(standing, connection) }
        guard standing.file == files.key.text else {
            throw CommandFailure(
                .refused, code: .files, "twostepd has its key from \(standing.file), and not from \(files.key.text).",
                hint: "Say which: twostep rekey --key-file \(Wording.word(standing.file))")
        }
        let id = try files.prepare()
        let walk = try resealAll(connection, with: id)
        let old = try files.exchange(former: present)
        // It would forget the old key with its next start in any case. What could not be sealed anew may be the old one's.
        if walk.failures.isEmpty { _ = try? connection.ask(.retireKeys) }
        let text = """
            \(walk.text(key: id, in: files.key.text))
            The key before it is \(old.text). Backups that were made before need it; once there are none, and \
            twostep check --store finds nothing: shred -u \(Wording.word(old.text))
            """
        return Report(
            walk.status, text: text,
            json: .object(walk.members(key: id) + [("file", .text(files.key.text)), ("former_file", .text(old.text))]),
            change: text)
    }

    /// What all parts together have come to.
    private struct Walk {
        var secrets = 0
        var failures: [String] = []

        /// What is not sealed anew is for somebody to look at.
        var status: CommandStatus { failures.isEmpty ? .done : .refused }

        func text(key: String, in place: String) -> String {
            let left = failures.map { "Left as it is: \($0)" }
            let done = "Sealed anew: \(Wording.count(secrets, "secret")), with the key \(key) in \(place)."
            return (left + [done]).joined(separator: "\n")
        }

        func members(key: String) -> [(String, JSONValue)] {
            [
                ("key", .text(key)), ("secrets", .integer(Int64(secrets))),
                ("failures", .list(failures.map { .text($0) })),
            ]
        }
    }

    /// Has every secret sealed anew, a part at a time: logins come in between.
    private func resealAll(
        _ connection: borrowing DaemonConnection, with key: String
    ) throws(CommandFailure) -> Walk {
        var walk = Walk()
        var next: SealedRow?
        repeat {
            let answer = try connection.ask(.reseal(after: next))
            guard case .resealed(let part) = answer.reply else { throw connection.misplaced() }
            guard part.key == key else {
                throw CommandFailure(
                    .refused, code: .files,
                    "twostepd seals with the key \(part.key), and not with \(key). Both are kept.",
                    hint: "Restart twostepd and type this again.")
            }
            walk.secrets += part.secrets
            walk.failures += part.failures
            // One that does not come further would go on for ever.
            guard part.next != next || part.next == nil else { throw connection.misplaced() }
            next = part.next
        } while next != nil
        return walk
    }

    /// The key is not in the file: whoever passes it in has to pass the new one in as well.
    private func sealWithPassedIn(
        _ standing: KeyStanding, _ connection: borrowing DaemonConnection
    ) throws(CommandFailure) -> Report {
        let folder = "/etc/credstore.encrypted"
        guard let next = standing.nextKey else {
            throw CommandFailure(
                .refused, code: .files,
                "twostepd's key is passed in, and is not in \(standing.file): the new one has to be passed in, too. "
                    + "Nothing was changed.",
                hint: """
                    1. Make it:  openssl rand -hex 32 | systemd-creds encrypt --name=twostep.key.new - \(folder)/twostep.key.new
                    2. In "systemctl edit twostepd", below [Service]:  LoadCredentialEncrypted=twostep.key.new:\(folder)/twostep.key.new
                    3. systemctl restart twostepd
                    4. twostep rekey
                    """)
        }
        let walk = try resealAll(connection, with: next)
        let text = """
            \(walk.text(key: next, in: standing.nextFile ?? "twostep.key.new"))
            The key before it is still passed in, and may go once the new one has its place:
            1. systemd-creds decrypt --name=twostep.key.new \(folder)/twostep.key.new - | \
            systemd-creds encrypt --name=twostep.key - \(folder)/twostep.key.next
            2. mv \(folder)/twostep.key \(folder)/twostep.key.old && mv \(folder)/twostep.key.next \(folder)/twostep.key
            3. Take the line with twostep.key.new out of "systemctl edit twostepd"; systemctl restart twostepd
            4. twostep check --store, and if it finds nothing: rm \(folder)/twostep.key.new \(folder)/twostep.key.old
            """
        return Report(walk.status, text: text, json: .object(walk.members(key: next)), change: text)
    }
}
