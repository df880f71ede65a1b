internal import Authentication

/// Messages by a program of the administrator's: lines of a head, an empty line, the text (twostep.yaml(5)).
struct CommandChannel: Channel {
    let kind = ChannelKind.command
    let program: ProgramSettings
    private let text: MessageTemplate

    static let keys = ProgramSettings.keys.union(["text"])

    /// The usual text, for `mail` as well.
    static let usualText = MessageTemplate(
        "{code} is your code for {service} on {machine}, asked for from {host}. It is good once, for {minutes} minutes at "
            + "most. If it was not you, somebody knows your password: tell the administrator.")

    init(_ settings: Settings, of module: String) throws(SettingFailure) {
        program = try ProgramSettings(settings, of: "command: of \(module)")
        text = try settings.codeTemplate("text", in: "command") ?? CommandChannel.usualText
    }

    func fault(of address: String) -> String? {
        let isLine =
            (1...NotifyTarget.longestAddress).contains(address.utf8.count)
            && ContractReply.isReadable(address) && address.first != " " && address.last != " "
        return isLine ? nil : "one line of at most \(NotifyTarget.longestAddress) bytes"
    }

    func input(_ message: Message, to address: String) -> Secret? {
        var input = GrowingSecret()
        input.append("To: \(address)\nAccount: \(message.account.text)\nDevice: \(message.device)\nCode: ")
        message.code.digits.withBytes { input.append($0) }
        input.append("\n\n")
        (message.purpose == .setup ? SetupText.template : text).write(message, into: &input)
        input.append("\n")
        return input.count <= Contract.longestRequest ? input.finished() : nil
    }
}

extension Settings {
    /// A text that says the code; nil where the key is absent.
    func codeTemplate(_ key: String, in section: String) throws(SettingFailure) -> MessageTemplate? {
        guard let setting = self[key] else { return nil }
        let template = try MessageTemplate(setting, "\(section)'s \(key)", isOneLine: false)
        guard template.has(.code) else {
            throw SettingFailure(at: setting, "\(section)'s \(key) has no {code}, expected one: nobody else tells it")
        }
        return template
    }
}
