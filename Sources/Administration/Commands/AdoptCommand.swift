import AdminProtocol
import ArgumentParser

/// `twostep adopt`: says that an account whose uid has changed is the same person's.
struct AdoptCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "adopt", abstract: "Say that a user whose uid has changed is the same person.",
        discussion: """
            Devices work only under the uid that they were enrolled for: an account that was made anew under an old \
            name may be somebody else's. This gives them to the present uid. Asks first.
            Example: twostep adopt alice
            """)

    @Argument(help: "The local account.") var user: String
    @Flag(name: .customLong("yes"), help: "Do not ask. Needed where nobody can be asked.") var isAgreed = false
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let found = try adoption(nil, connection)
        guard found.devices > 0 else {
            return report(found, "Every device of \(found.account) belongs to its uid, \(found.uid).", isChange: false)
        }
        let devices = Wording.count(found.devices, "device")
        let former = found.former.map(String.init).joined(separator: ", ")
        try world.console.agree(
            to: """
                \(found.account) has the uid \(found.uid), and \(devices) enrolled for uid \(former).
                Is it the same person?
                """, isAgreed: isAgreed, otherwise: "Nothing was changed.",
            command: "twostep adopt \(Wording.word(user))")
        let done = try adoption(found.uid, connection)
        return report(
            done,
            "\(Wording.count(done.devices, "device")) of \(done.account) now \(done.devices == 1 ? "belongs" : "belong") "
                + "to uid \(done.uid).", isChange: true)
    }

    private func adoption(
        _ uid: UInt32?, _ connection: borrowing DaemonConnection
    ) throws(CommandFailure) -> Adoption {
        let answer = try connection.ask(.adopt(account: user, uid: uid))
        guard case .adoption(let adoption) = answer.reply else { throw connection.misplaced() }
        return adoption
    }

    private func report(_ adoption: Adoption, _ text: String, isChange: Bool) -> Report {
        Report(
            text: text,
            json: .object([
                ("account", .text(adoption.account)), ("uid", .integer(Int64(adoption.uid))),
                ("former_uids", .list(adoption.former.map { .integer(Int64($0)) })),
                ("devices", .integer(Int64(adoption.devices))),
            ]), change: isChange ? text : nil)
    }
}
