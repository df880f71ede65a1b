import ArgumentParser
import AuthModules

/// Taken where devices come from an authenticator app, which has those of other services as well.
struct LabelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Whose they are; else a label without an issuer names an account.", valueName: "user"))
    var user: String?
    @Option(
        help: ArgumentHelp(
            "Take only devices of this issuer; their labels name accounts of this machine.", valueName: "text"))
    var issuer: String?
    @Option(help: ArgumentHelp("Take only the device with this label; may be said again.", valueName: "text"))
    var only: [String] = []

    /// Whether a device is meant.
    func takes(_ device: ForeignDevice) -> Bool {
        (issuer == nil || device.label?.issuer == issuer)
            && (only.isEmpty || device.label.map { only.contains($0.text) } ?? false)
    }

    /// Whose a device is: a label names an account of this machine if nobody else has issued it.
    func account(of device: ForeignDevice) throws(CommandFailure) -> String? {
        if let user { return user }
        guard let label = device.label, let foreign = label.issuer, foreign != issuer else { return device.account }
        throw CommandFailure(
            .refused, code: .files,
            "\(device.file):\(device.line): the device '\(label.full)' is of the issuer '\(foreign)'. Nothing was stored.",
            hint: "Say whose it is here: --user USER. Where labels of this issuer name accounts of this machine: "
                + "--issuer \(Wording.word(foreign))")
    }
}
