import AdminProtocol
import ArgumentParser
import AuthModules
import Authentication
import Glibc

/// `twostep import google-authenticator`: one person's file, or those of all homes.
struct ImportGoogleAuthenticatorCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "google-authenticator", abstract: "Import files that google-authenticator(1) has written.",
        usage:
            "twostep import google-authenticator (<file> --user <user> | --home <directory> [--skip <user>]) [options]",
        discussion: "Example: twostep import google-authenticator --home /home")

    @Argument(help: "The file, usually ~/.google_authenticator.") var file: String?
    @Option(help: ArgumentHelp("Whose the file is.", valueName: "user")) var user: String?
    @Option(
        help: ArgumentHelp(
            "Import .google_authenticator of every home in this directory; a home is called as its user.",
            valueName: "directory"))
    var home: String?
    @Option(
        name: .customLong("skip"),
        help: ArgumentHelp("With --home: leave this user out; may be said again.", valueName: "user"))
    var leftOut: [String] = []
    @OptionGroup var options: ImportOptions

    private static let name = ".google_authenticator"

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        switch (file, user, home) {
        case (let file?, let user?, nil) where leftOut.isEmpty:
            return try DeviceImport(of: file, options) { (text) throws(ImportFailure) in
                [try GoogleAuthenticatorFile.read(text, named: file, account: user, now: world.now())]
            }.perform(in: world)
        case (nil, nil, let home?):
            return try DeviceImport(try devices(below: home, in: world), options).perform(in: world)
        case _:
            throw CommandFailure(
                .usage, code: .usage, "Name a file and --user, or the directory of all homes with --home.",
                hint: "twostep import google-authenticator /home/alice/\(Self.name) --user alice")
        }
    }

    /// The devices of all homes. Every file that cannot be taken is named, not the first alone.
    private func devices(
        below directory: String, in world: AdministrationWorld
    ) throws(CommandFailure) -> [ForeignDevice] {
        var devices: [ForeignDevice] = []
        var problems: [String] = []
        var refused: [String] = []
        for account in try Self.entries(of: directory) where !leftOut.contains(account) {
            let path = "\(directory)\(directory.hasSuffix("/") ? "" : "/")\(account)/\(Self.name)"
            // A link that leads nowhere is a file, too.
            guard unsafe faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            do throws(CommandFailure) {
                devices.append(try device(path, of: account, in: world))
            } catch {
                problems.append(error.refusal.message)
                refused.append("--skip \(Wording.word(account))")
            }
        }
        guard problems.isEmpty else {
            throw CommandFailure(
                .refused, code: .files, problems.joined(separator: "\n"),
                hint: "Mend what is wrong, or leave it out: \(refused.joined(separator: " "))")
        }
        return devices
    }

    /// A file in a home is believed if it is its user's own, or root's.
    private func device(
        _ path: String, of account: String, in world: AdministrationWorld
    ) throws(CommandFailure) -> ForeignDevice {
        let uid: UInt32?
        do throws(SystemAccountsFailure) {
            uid = try world.accounts.uid(ofUser: account)
        } catch {
            throw CommandFailure(.refused, code: .files, error.explanation)
        }
        guard let uid else {
            throw CommandFailure(
                .refused, code: .files, "\(path): there is no account '\(account)'. Nothing was stored.")
        }
        let file = try ForeignFile.read(path)
        guard file.owner == uid || file.owner == 0 else {
            throw CommandFailure(
                .refused, code: .files,
                "\(path) belongs to the uid \(file.owner), and \(account) has \(uid). Nothing was stored.")
        }
        return try file.parse { (text) throws(ImportFailure) in
            try GoogleAuthenticatorFile.read(text, named: path, account: account, now: world.now())
        }
    }

    private static func entries(of directory: String) throws(CommandFailure) -> [String] {
        guard let stream = unsafe opendir(directory) else {
            throw CommandFailure(
                .refused, code: .files, "\(directory) cannot be read: \(SystemError.text(errno)). Nothing was stored.")
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
