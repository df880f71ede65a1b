import AdminProtocol
import ArgumentParser
import Authentication

/// `twostep show`: the QR code of a device once more.
struct ShowCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the QR code and the secret of a device once more.",
        discussion: """
            Whoever sees them can make the device's codes. The journal has a record of it. \
            Example: twostep show alice phone
            """)

    @Argument(help: "The local account.") var user: String
    @Argument(help: "What the device is called: see twostep list.") var name: String
    @Option(help: ArgumentHelp("The module, where the user has the name with several.", valueName: "module"))
    var module: String?
    @OptionGroup var pictures: PictureOptions
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let reference = try module.map { (argument) throws(CommandFailure) in try ModuleReference(argument: argument) }
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let answer: DaemonConnection.Answer
        do throws(CommandFailure) {
            answer = try connection.ask(.show(account: user, device: name, module: reference, purpose: .show))
        } catch {
            throw world.explained(error, about: user)
        }
        guard case .shown(let shown) = answer.reply else { throw connection.misplaced() }
        let uri = try connection.secret(0, of: answer)
        let begun = EnrollmentBegun(
            account: shown.account, module: shown.module, device: shown.device, description: shown.description,
            replaces: false)
        let device = NewDevice(begun, uri: uri, key: try connection.secret(1, of: answer), codes: nil)
        try pictures.save(uri.secret)
        if !output.isJSON { try device.show(on: world.console, to: .output, qr: pictures.qr, title: "Device") }
        return Report(
            text: "",
            json: .object(
                [("account", .text(shown.account))] + shown.module.members + [
                    ("device", .text(shown.device)), ("description", .text(shown.description)),
                ] + device.secrets))
    }
}
