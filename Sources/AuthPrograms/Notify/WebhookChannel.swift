internal import Authentication

/// Messages to a web service: JSON by HTTPS (RFC 8259, RFC 9110), sent by curl(1) with everything on its standard input.
struct WebhookChannel: Channel {
    let kind = ChannelKind.webhook
    /// Its own file of settings is not read, and all it is told stands on its standard input.
    let program: ProgramSettings
    let asksForApproval: Bool
    private let url: String
    private let headers: [String]
    private let authority: String?
    private let text: MessageTemplate

    static let keys: Set<String> = ["url", "headers", "ca", "time", "text", "approval"]

    private static let curl = "/usr/bin/curl"
    private static let longestURL = 500
    private static let mostHeaders = 16

    init(_ settings: Settings, of module: String) throws(SettingFailure) {
        program = ProgramSettings(
            program: WebhookChannel.curl, arguments: ["--disable", "--config", "-"],
            time: try ProgramSettings.time(settings["time"]), mayReachNetwork: true)
        guard let setting = settings["url"] else {
            throw SettingFailure("webhook: of \(module) has no url, expected url: and https://…")
        }
        guard case .text(let url, _) = setting.value, WebhookChannel.origin(of: url) != nil else {
            throw SettingFailure(
                at: setting, "url is \(setting.found), expected https://HOST/… without user, password and '#'")
        }
        self.url = url
        headers = try WebhookChannel.headers(settings["headers"])
        authority = try settings["ca"].map { (setting) throws(SettingFailure) in
            guard case .text(let path, _) = setting.value, ProgramSettings.isPath(path),
                WebhookChannel.isWord(path, longest: 500)
            else {
                throw SettingFailure(at: setting, "ca is \(setting.found), expected an absolute path of a PEM file")
            }
            return path
        }
        asksForApproval = try settings.boolean("approval", default: false)
        text = try WebhookChannel.text(settings, asksForApproval)
    }

    private static func text(_ settings: Settings, _ asksForApproval: Bool) throws(SettingFailure) -> MessageTemplate {
        guard asksForApproval else {
            return try settings.codeTemplate("text", in: "webhook") ?? CommandChannel.usualText
        }
        guard let setting = settings["text"] else {
            return MessageTemplate(
                "Is it you who logs in to {service} on {machine}, from {host}? Then choose the number that is shown there."
            )
        }
        let template = try MessageTemplate(setting, "webhook's text", isOneLine: false)
        guard !template.has(.code) else {
            throw SettingFailure(
                at: setting, "webhook's text has {code} beside approval: true, expected one of them")
        }
        return template
    }

    private static func headers(_ setting: Setting?) throws(SettingFailure) -> [String] {
        guard let setting else { return [] }
        guard case .map(let entries) = setting.value, entries.count <= mostHeaders else {
            throw SettingFailure(at: setting, "headers is \(setting.found), expected a map of at most \(mostHeaders)")
        }
        var headers: [String] = []
        for entry in entries {
            guard case .text(let value, _) = entry.value.value, (1...1000).contains(value.utf8.count),
                value.utf8.allSatisfy({ (0x20...0x7E).contains($0) }), isHeaderName(entry.key)
            else {
                // Its value may be a secret, which no error says.
                throw SettingFailure(at: entry.value, "the header '\(entry.key)', expected a name and printable ASCII")
            }
            headers.append("\(entry.key): \(value)")
        }
        return headers
    }

    private static func isHeaderName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                case _: false
                }
            }
    }

    /// `https://HOST` or `https://HOST:PORT`, of an address that may be asked; nil for one that may not.
    static func origin(of url: String) -> String? {
        let scheme = "https://"
        guard isWord(url, longest: longestURL), url.hasPrefix(scheme), !url.contains("#"), !url.contains("{"),
            !url.contains("}")
        else { return nil }
        let host = url.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
        guard !host.isEmpty, !host.contains("@"), host.first != ":" else { return nil }
        return scheme + host
    }

    func fault(of address: String) -> String? {
        let isLine =
            (1...NotifyTarget.longestAddress).contains(address.utf8.count)
            && ContractReply.isReadable(address) && address.first != " " && address.last != " "
        return isLine
            ? nil : "one line of at most \(NotifyTarget.longestAddress) bytes, as the web service knows people"
    }

    // MARK: What curl is told

    func input(_ message: Message, to address: String) -> Secret? {
        var line = ContractLine(
            message.purpose == .approval ? "approve" : "notify", to: ProgramName(.webhook, message.module))
        line.member("reference", message.code.reference)
        line.member("to", address)
        line.member("user", message.account.text)
        line.member("device", message.device)
        line.member("machine", message.machine)
        line.member("service", message.service)
        if let host = message.host { line.member("host", host) }
        if message.purpose != .approval { message.code.digits.withBytes { line.member("code", $0) } }
        var text = GrowingSecret()
        (message.purpose == .setup ? SetupText.template : self.text).write(message, into: &text)
        text.finished().withBytes { line.member("text", $0) }
        guard let body = line.finished() else { return nil }
        var input = settings(asking: url)
        input.append("header = \"Content-Type: application/json\"\ndata-raw = \"")
        body.withBytes { WebhookChannel.quote($0, into: &input) }
        input.append("\"\n")
        return input.count <= Contract.longestRequest ? input.finished() : nil
    }

    /// What asks a web service about an answer.
    func question(at inquiry: String) -> Secret {
        let input = settings(asking: inquiry)
        return input.finished()
    }

    /// No other scheme, no redirection, no proxy, and the status behind the body in a line of its own.
    private func settings(asking url: String) -> GrowingSecret {
        var input = GrowingSecret()
        input.append(
            "url = \"\(url)\"\nproto = \"=https\"\ntlsv1.2\nmax-redirs = 0\nnoproxy = \"*\"\ngloboff\nsilent\n")
        // Before its time as a program is up, so that it can say why.
        input.append("max-time = \(max(program.time - 1, 1))\nwrite-out = \"\\n%{http_code}\"\n")
        if let authority { input.append("cacert = \"\(authority)\"\n") }
        for header in headers {
            input.append("header = \"")
            let bytes = Array(header.utf8)
            WebhookChannel.quote(bytes.span, into: &input)
            input.append("\"\n")
        }
        return input
    }

    /// What stands between quotes in curl's settings: JSON has no line ends of its own left.
    private static func quote(_ text: Span<UInt8>, into input: inout GrowingSecret) {
        for index in text.indices where text[index] != UInt8(ascii: "\n") {
            if text[index] == UInt8(ascii: "\"") || text[index] == UInt8(ascii: "\\") {
                input.append(UInt8(ascii: "\\"))
            }
            input.append(text[index])
        }
    }

    // MARK: What the web service says

    /// Where its answer can be asked for: at the same origin as the message went to, so that nobody is asked whom the
    /// administrator has not named.
    func inquiry(in output: ProgramOutput, after purpose: Message.Purpose) throws(ContractFault) -> String? {
        guard purpose == .approval else {
            _ = try output.bytes.withBytes { (bytes) throws(ContractFault) in try WebhookReply.endOfBody(in: bytes) }
            return nil
        }
        let status = try WebhookReply(output).status()
        guard let origin = WebhookChannel.origin(of: url), WebhookChannel.origin(of: status) == origin else {
            throw ContractFault("its status is at another host, or no https:// address")
        }
        return status
    }
}
