import AdminProtocol
import ArgumentParser
import Authentication
import Daemon
import Foundation
import Glibc

/// `twostep backup`: the store as it is at one moment, in one file, while people go on logging in.
struct BackupCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Write a copy of the store to a file.",
        usage: "twostep backup <file> [--with-key] [options]",
        discussion: """
            One consistent state, to a file of mode 0600 that was not there; logins go on meanwhile. Secrets stay sealed in \
            it: without the key it is worthless. twostep restore brings it back.
            Example: twostep backup /root/twostep-$(date +%F)
            """)

    @Argument(help: "The file to make.") var file: String?
    @Flag(help: "Write the key as well, to a file of its own beside: <file>.key.") var withKey = false
    @Flag(name: .customLong("to-pipe"), help: "Write to standard output, which must not be a terminal.")
    var toPipe = false
    @OptionGroup var place: StoreKeyOptions
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let key = try place.path()
        guard let file else { return try writeToPipe(key, in: world) }
        guard !toPipe else {
            throw CommandFailure(.usage, code: .usage, "Either a file or --to-pipe. Nothing was written.")
        }
        let copy = try BackupFile.make(file)
        let keyCopy = withKey ? "\(file).key" : nil
        if let keyCopy { _ = try BackupFile.make(keyCopy) }
        let connection = try open(in: world)
        let begun = try begin(connection)
        let text = withKey ? try readKey(key, for: begun) : nil
        try read(begun, connection) { (bytes) throws(CommandFailure) in try copy.append(bytes) }
        if let keyCopy, let text { try PrivateFile.create(keyCopy, text) }
        do throws(CommandFailure) {
            try copy.finish()
        } catch {
            if let keyCopy { unsafe unlink(keyCopy) }
            throw error
        }
        return report(begun, file, keyCopy, key)
    }

    private func writeToPipe(_ key: String, in world: AdministrationWorld) throws(CommandFailure) -> Report {
        guard toPipe, !withKey, !output.isJSON, !world.console.outputIsTerminal else {
            throw CommandFailure(
                .usage, code: .usage,
                toPipe
                    ? "With --to-pipe standard output is the backup and nothing else, and must not be a terminal."
                    : "Where to? Nothing was written.",
                hint: "Name a file: twostep backup /root/twostep-backup")
        }
        let connection = try open(in: world)
        let begun = try begin(connection)
        let console = world.console
        try read(begun, connection) { (bytes) throws(CommandFailure) in
            let buffer = OutputBuffer()
            for byte in bytes { buffer.append(byte) }
            try console.show(buffer, on: .output)
        }
        try console.say(BackupCommand.warning(begun, key), on: .errors)
        return Report(text: "", json: .null)
    }

    /// A large store takes its time.
    private func open(in world: AdministrationWorld) throws(CommandFailure) -> DaemonConnection {
        try DaemonConnection.open(service.runtimeDirectory, limit: max(world.replyLimit, 300_000))
    }

    private func begin(_ connection: borrowing DaemonConnection) throws(CommandFailure) -> BegunBackup {
        let answer = try connection.ask(.beginBackup)
        guard case .backupBegun(let begun) = answer.reply else { throw connection.misplaced() }
        return begun
    }

    private func read(
        _ begun: BegunBackup, _ connection: borrowing DaemonConnection,
        _ take: ([UInt8]) throws(CommandFailure) -> Void
    ) throws(CommandFailure) {
        var offset: Int64 = 0
        while offset < begun.size {
            let answer = try connection.ask(.backupPart(offset: offset))
            guard case .backupPart(let part) = answer.reply, part.offset == offset,
                let bytes = Data(base64Encoded: part.bytes), !bytes.isEmpty,
                Int64(bytes.count) <= begun.size - offset
            else { throw connection.misplaced() }
            try take(Array(bytes))
            offset += Int64(bytes.count)
        }
    }

    /// The key file's text, if it is the key of every secret.
    private func readKey(_ path: String, for begun: BegunBackup) throws(CommandFailure) -> OutputBuffer {
        guard begun.keys.count == 1 else {
            throw CommandFailure(
                .refused, code: .files,
                "The store's key is being changed: secrets are sealed with two. Nothing was written.",
                hint: "Finish that first: twostep rekey")
        }
        do throws(StoreFailure) {
            guard try KeyFile.id(at: path) == begun.keys.first else {
                throw .sealedWithAnotherKey("it is another key than twostepd has")
            }
            let text = try KeyFile.text(at: path)
            let buffer = OutputBuffer()
            text.withBytes { bytes in for index in bytes.indices { buffer.append(bytes[index]) } }
            return buffer
        } catch {
            throw CommandFailure(
                .refused, code: .files,
                "The key \(path) cannot be written along: \(error.description). Nothing was written.",
                hint: "Say where it is with --key-file, or keep it by other means and leave out --with-key.")
        }
    }

    private static func warning(_ begun: BegunBackup, _ key: String) -> String {
        let keys = begun.keys.joined(separator: " and ")
        return """
            It is sealed with the key \(keys), which is not in it: without that it is worthless. Keep \(key) as well, elsewhere.
            """
    }

    private func report(_ begun: BegunBackup, _ file: String, _ keyCopy: String?, _ key: String) -> Report {
        let whole = """
            Wrote \(Wording.count(begun.devices, "device")) of \(Wording.count(begun.accounts, "account")) to \(file).
            """
        let warning =
            keyCopy.map { "Its key is in \($0): whoever has both has every secret. Keep them apart." }
            ?? BackupCommand.warning(begun, key)
        let text = "\(whole)\n\(warning)"
        return Report(
            text: text,
            json: .object([
                ("file", .text(file)), ("key_file", .text(keyCopy)), ("keys", .list(begun.keys.map { .text($0) })),
                ("accounts", .integer(Int64(begun.accounts))), ("devices", .integer(Int64(begun.devices))),
                ("bytes", .integer(begun.size)), ("schema", .integer(Int64(begun.schema))),
            ]), change: text)
    }
}
