internal import Authentication

/// Messages by mail: RFC 5322, handed to a sendmail(8) that takes the recipient from the head (`-t`).
struct MailChannel: Channel {
    let kind = ChannelKind.mail
    let program: ProgramSettings
    private let sender: String
    private let subject: MessageTemplate
    private let text: MessageTemplate

    static let keys = ProgramSettings.keys.union(["from", "subject", "text"])

    /// Recipients from the head, and no line that ends the message before its end.
    private static let options = ["-t", "-i"]
    private static let usualProgram = "/usr/sbin/sendmail"

    init(_ settings: Settings, of module: String) throws(SettingFailure) {
        let given = try ProgramSettings(
            settings, of: "mail: of \(module)", usualProgram: MailChannel.usualProgram, usuallyReachesNetwork: true)
        program = ProgramSettings(
            program: given.program, arguments: given.arguments + MailChannel.options, time: given.time,
            mayReachNetwork: given.mayReachNetwork)
        guard let from = settings["from"] else {
            throw SettingFailure("mail: of \(module) has no from, expected from: and an address")
        }
        guard case .text(let sender, _) = from.value, MailChannel.isAddress(sender) else {
            throw SettingFailure(at: from, "from is \(from.found), expected an address (login@example.org)")
        }
        self.sender = sender
        if let setting = settings["subject"] {
            subject = try MessageTemplate(setting, "mail's subject", isOneLine: true)
            // It is shown by phones that are locked, and kept by logs of mail.
            guard !subject.has(.code) else {
                throw SettingFailure(at: setting, "mail's subject has {code}, expected it in the text alone")
            }
        } else {
            subject = MessageTemplate("Login to {machine}")
        }
        text = try settings.codeTemplate("text", in: "mail") ?? CommandChannel.usualText
    }

    func fault(of address: String) -> String? {
        MailChannel.isAddress(address) ? nil : "an address (alice@example.org)"
    }

    /// Whether a text is one address in its plain form: no name beside it, no comment, no quotes, no second one.
    private static func isAddress(_ text: String) -> Bool {
        guard isWord(text, longest: NotifyTarget.longestAddress) else { return false }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && !text.hasPrefix("-") && !text.contains(":")
    }

    func input(_ message: Message, to address: String) -> Secret? {
        // It came from the store, where somebody else may have written.
        guard fault(of: address) == nil else { return nil }
        var input = GrowingSecret()
        input.append("From: \(sender)\nTo: \(address)\nSubject: ")
        var title = GrowingSecret()
        subject.write(message, into: &title)
        // A head is ASCII in one line, whatever a service or an account is called.
        title.finished().withBytes { title in
            for index in title.indices {
                input.append((0x20...0x7E).contains(title[index]) ? title[index] : UInt8(ascii: "?"))
            }
        }
        input.append("\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n")
        input.append("Content-Transfer-Encoding: 8bit\n\n")
        (message.purpose == .setup ? SetupText.template : text).write(message, into: &input)
        input.append("\n")
        return input.count <= Contract.longestRequest ? input.finished() : nil
    }
}
