import AdminProtocol
import Authentication
import Daemon
import Glibc

/// The key file, the one that is to take its place, and the one that it was.
///
/// At every moment the files that are there hold every key that a secret may be sealed with: the new one is on the disk
/// before anything is sealed with it, and the old one keeps a name until somebody removes it.
struct KeyRotationFiles {
    let key: InstallationPath
    let next: InstallationPath
    /// How a draft of the new key ends.
    private static let draft = "rekey"

    /// Nil where the key's path is none.
    init?(key path: String) {
        guard let key = InstallationPath(path), let next = InstallationPath(path + ".new") else { return nil }
        (self.key, self.next) = (key, next)
    }

    /// Makes the new key as the present one is: its owner, its group, its mode. One that is there is from a rotation that was
    /// cut short, and is gone on with. Returns its id.
    func prepare() throws(CommandFailure) -> String {
        guard case .file(let standing) = try InstallationFiles.look(at: key.text) else {
            throw CommandFailure(.refused, code: .files, "There is no key file \(key.text).")
        }
        guard case .directory(let folder) = try InstallationFiles.look(at: key.parent), folder.permissions & 0o022 == 0
        else {
            throw CommandFailure(
                .refused, code: .files, "Others than root can change what is in \(key.parent). Nothing was put there.",
                hint: "chmod go-w \(Wording.word(key.parent))")
        }
        switch try InstallationFiles.look(at: next.text) {
        case .nothing:
            // A draft that one which was cut short has left; nothing was ever sealed with it.
            _ = unsafe unlink("\(next.parent)/.\(next.name).\(KeyRotationFiles.draft)")
            let contents = try KeyText.fresh()
            try contents.withBytes { (bytes) throws(CommandFailure) in
                try InstallationFiles.makeFile(next, standing, contents: bytes, suffix: KeyRotationFiles.draft)
            }
        case .file: break
        case .directory, .other:
            throw CommandFailure(.refused, code: .files, "\(next.text) is there, and is not a file.")
        }
        do throws(StoreFailure) {
            return try KeyFile.id(at: next.text)
        } catch {
            throw CommandFailure(
                .refused, code: .files, "The new key cannot be used: \(error.description). Nothing was changed.",
                hint:
                    "If nothing was ever sealed with it (twostep check --store), remove \(next.text) and type this again."
            )
        }
    }

    /// Puts the new key in its place; the one before it keeps a name with its id in it, which is returned, and is root's
    /// alone from now on.
    func exchange(former id: String) throws(CommandFailure) -> InstallationPath {
        guard let old = InstallationPath("\(key.text).old-\(id)") else {
            throw CommandFailure(.refused, code: .files, "\(key.text) cannot be kept under another name.")
        }
        try InstallationFiles.keep(key, as: old)
        try InstallationFiles.replace(key, by: next)
        if case .file(let standing) = try InstallationFiles.look(at: old.text) {
            let alone = FileStanding(owner: standing.owner, group: standing.group, permissions: 0o600)
            _ = try InstallationFiles.handOver(old, from: standing, to: alone)
        }
        return old
    }
}
