import AdminProtocol
import Cryptography
import Foundation
import PAMStacks

/// The records of what was changed, and the files as they were: a folder of root's own.
///
/// It is not the daemon's folder: who owns that could have root write anything anywhere.
struct ChangeLedger {
    /// Where it is within the machine's tree.
    static let usualFolder = "/var/lib/twostep-undo"

    /// What stands before each path of the machine's tree.
    let root: String
    let folder: String

    init(root: String) {
        self.root = root
        folder = root + ChangeLedger.usualFolder
    }

    /// Makes the folder where there is none; refuses one that others can write to.
    func prepare() throws(CommandFailure) {
        guard unsafe mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw HostFile.failure("make", folder, errno)
        }
        var status = stat()
        guard unsafe lstat(folder, &status) == 0 else { throw HostFile.failure("look at", folder, errno) }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            throw CommandFailure(
                .refused, code: .files, "\(folder) is not root's alone: what is in it cannot be trusted.",
                hint: "See who made it so, then: chown root:root \(folder); chmod 0700 \(folder)")
        }
    }

    /// Waits until nobody else changes anything.
    func lock() throws(CommandFailure) -> ChangeLock { try ChangeLock.take("\(folder)/lock") }

    /// All records that can be read, the oldest first; each of the others is in `unreadable`.
    var changes: [StackChange] { records.compactMap { change($0) }.sorted { $0.number < $1.number } }

    /// The records that cannot be read: of a newer twostep, or damaged.
    var unreadable: [CommandFailure] {
        records.filter { change($0) == nil }.map { name in
            CommandFailure(
                .refused, code: .files, "\(folder)/\(name) cannot be read: it is damaged, or of a newer twostep.",
                hint: "What it is about is in it, and the files as they were are beside it: ls -l \(folder)")
        }
    }

    /// A number that no record has, whether it can be read or not.
    var freeNumber: Int { (records.compactMap { Int($0.prefix { $0 != "." }) }.max() ?? 0) + 1 }

    private var records: [String] { HostTree(root: "/").plainNames(in: folder).filter { $0.hasSuffix(".json") } }

    private func change(_ name: String) -> StackChange? {
        guard let bytes = try? HostFile.read("\(folder)/\(name)") else { return nil }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard let change = try? decoder.decode(StackChange.self, from: Data(bytes)), change.version == 1 else {
            return nil
        }
        return change
    }

    /// Writes a record, on disk when this returns.
    func save(_ change: StackChange) throws(CommandFailure) {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(change) else {
            throw CommandFailure(.refused, code: .files, "The record of the change cannot be written.")
        }
        try HostFile.write(Array(data) + [0x0A], to: path(change.number), newMode: 0o600)
    }

    /// Keeps a file as it was before a change.
    func keep(_ bytes: [UInt8], _ index: Int, of number: Int) throws(CommandFailure) {
        try HostFile.write(bytes, to: original(index, of: number), newMode: 0o600)
    }

    /// The same again; throws where it is not what was kept.
    func kept(_ index: Int, of change: StackChange) throws(CommandFailure) -> [UInt8]? {
        guard let expected = change.files[index].before else { return nil }
        let path = original(index, of: change.number)
        guard let bytes = try HostFile.read(path), try ChangeLedger.hash(bytes) == expected else {
            throw CommandFailure(.refused, code: .files, "\(path) is not the file that was kept there.")
        }
        return bytes
    }

    /// Forgets a change: its record first, since what it names must be there as long as it is.
    func forget(_ change: StackChange) throws(CommandFailure) {
        try HostFile.remove(path(change.number))
        removeSpares(of: change)
        for index in change.files.indices { try HostFile.remove(original(index, of: change.number)) }
    }

    /// Takes away the originals that were kept beside the files: nothing is to be undone any more.
    func removeSpares(of change: StackChange) {
        for file in change.files { HostFile.removeSpare(of: root + file.path) }
    }

    private func path(_ number: Int) -> String { "\(folder)/\(number).json" }
    private func original(_ index: Int, of number: Int) -> String { "\(folder)/\(number)-\(index).before" }

    /// By which a file is known again.
    static func hash(_ bytes: [UInt8]) throws(CommandFailure) -> String {
        do throws(CryptographyFailure) {
            return try sha256(bytes.span)
        } catch {
            throw CommandFailure(.refused, code: .files, "libcrypto makes no SHA-256.")
        }
    }

    /// The hash of a file; nil where there is none.
    static func hash(at path: String) throws(CommandFailure) -> String? {
        guard let bytes = try HostFile.read(path) else { return nil }
        return try hash(bytes)
    }
}
