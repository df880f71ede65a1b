import AdminProtocol
import ArgumentParser
import Authentication
import Daemon
import Glibc

/// `twostep restore`: an older state of the store, in place of the present one.
struct RestoreCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Put a backup in the place of the store.",
        discussion: """
            While twostepd is stopped. Looks at the whole backup first, refuses what is damaged, newer or sealed with another \
            key, and asks. The present store stays beside, under another name. Where it can be read, codes that were used \
            since stay used, and failures and blocks stay; where it cannot, it names every device whose codes may be good \
            again. With --key-file of an older key the secrets are sealed anew with twostep.key.
            Example: twostep restore /root/twostep-2026-11-25
            """)

    @Argument(help: "What twostep backup has written.") var file: String
    @Option(help: ArgumentHelp("The configuration.", valueName: "file")) var config = "/etc/twostep/config.yaml"
    @Option(
        help: ArgumentHelp(
            "The key of the backup. Without it, twostep.key beside the configuration.", valueName: "file")
    )
    var keyFile: String?
    @Option(
        help: ArgumentHelp(
            "The key of the store, where it is passed in by systemd. Without it, twostep.key beside the configuration.",
            valueName: "file")
    )
    var storeKeyFile: String?
    @Option(help: ArgumentHelp("Where the store lies.", valueName: "directory"))
    var stateDirectory = "/var/lib/twostep"
    @Flag(name: .customLong("yes"), help: "Do not ask. Needed where nobody can be asked.") var isAgreed = false
    @OptionGroup var output: OutputOptions

    private static let nothing = "Nothing was changed."

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let present = try StoreKeyOptions.path(storeKeyFile, beside: config)
        let key = keyFile ?? present
        guard let state = InstallationPath(stateDirectory) else { throw StoreKeyOptions.isNoPlace(stateDirectory) }
        guard world.accounts.isPrivileged else {
            throw CommandFailure(.refused, code: .notPermitted, "Only root may restore.", hint: "Try it with sudo.")
        }
        if let database = OfflineStore.database(in: config) {
            throw CommandFailure(.refused, code: .badParameter, OfflineStore.elsewhere(database))
        }
        let backup = unsafe open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard backup >= 0 else {
            throw CommandFailure(.refused, code: .files, "\(file) cannot be opened: \(SystemError.text(errno)).")
        }
        defer { close(backup) }
        // From here on Ctrl-C is an answer to the question, and not an end in the middle of something.
        world.console.holdInterrupts()
        let prepared = try attempt(present, state.text) { () throws(StoreFailure) in
            try PreparedRestoration(in: state.text, from: backup, keyFile: key, storeKeyFile: present, at: world.now())
        }
        let outlook = RestorationReport(prepared.outlook)
        do throws(CommandFailure) {
            try world.console.agree(
                to: outlook.question(file), isAgreed: isAgreed, otherwise: RestoreCommand.nothing,
                command: "twostep restore \(Wording.word(file))")
        } catch {
            guard error.status == .usage else { throw error }
            // Whoever writes the script has to know what it agrees to.
            let message = (outlook.lines + [error.refusal.message]).joined(separator: "\n")
            throw CommandFailure(error.status, code: error.refusal.code, message, hint: error.refusal.hint)
        }
        let aside = try attempt(present, state.text) { () throws(StoreFailure) in try prepared.commit() }
        return report(outlook, aside)
    }

    private func report(_ outlook: RestorationReport, _ aside: String?) -> Report {
        var lines = outlook.lines
        lines.append("Restored: \(outlook.extent), from \(file).")
        if let aside { lines.append("What was there before is \(aside).") }
        lines.append("Next: systemctl start \(RestoreCommand.units)")
        let text = lines.joined(separator: "\n")
        return Report(
            text: text,
            json: .object([("file", .text(file)), ("former_store", .text(aside))] + outlook.members), change: text)
    }

    private static let units = "twostepd.socket twostepd-admin.socket twostepd-self.socket twostepd.service"

    /// The key before the one at `path`, kept by rekey, whose id `failure` names first.
    private static func former(_ path: String, in failure: StoreFailure) -> String? {
        failure.description.split(separator: " ").filter { !$0.contains("/") }.map { "\(path).old-\($0)" }
            .first { unsafe access($0, F_OK) == 0 }
    }

    private func attempt<Value>(
        _ key: String, _ directory: String, _ body: () throws(StoreFailure) -> Value
    ) throws(CommandFailure) -> Value {
        do throws(StoreFailure) {
            return try body()
        } catch {
            let hint: String? =
                switch error {
                case .inUse: "Stop it first, with its sockets: systemctl stop \(RestoreCommand.units)"
                case .sealedWithAnotherKey:
                    "Name the key that it was made with: --key-file "
                        + Wording.word(RestoreCommand.former(key, in: error) ?? "\(file).key")
                case .unreachable where PreparedRestoration.heir(ofStoreIn: directory) != nil:
                    """
                    Name the store that it was moved to in \(config). Only if that one is lost for good, move the file away and \
                    restore then: codes that were used since the backup may be good again.
                    """
                case .unreachable:
                    """
                    --key-file names the key of the backup, --store-key-file that of the present store, each if it is not \
                    \(key). Where the store's key is lost, put that store aside yourself first.
                    """
                case .newer, .damaged, .notDurable: nil
                }
            throw CommandFailure(
                .refused, code: .storeUnavailable,
                "\(file) cannot be restored: \(error.description). \(RestoreCommand.nothing)", hint: hint)
        }
    }
}
