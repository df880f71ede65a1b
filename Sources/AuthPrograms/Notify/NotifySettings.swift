package import Authentication

/// The keys of a `notify` module: the ways on which messages go out, and how many.
package struct NotifySettings: Sendable {
    package static let keys: Set<String> = ["command", "mail", "webhook", "messages", "window"]

    let channels: [any Channel]
    let limit: RunningCodes.Limit

    /// How long one program may take at most, in seconds: an account may have three devices, one tried after the other.
    private static let longestTime = 20

    /// Reads them strictly; `identity` is whose they are, for what is missing.
    package init(_ settings: Settings, of identity: String) throws(SettingFailure) {
        var channels: [any Channel] = []
        if let own = try NotifySettings.section(settings["command"], "command", CommandChannel.keys) {
            channels.append(try CommandChannel(own, of: identity))
        }
        if let own = try NotifySettings.section(settings["mail"], "mail", MailChannel.keys) {
            channels.append(try MailChannel(own, of: identity))
        }
        if let own = try NotifySettings.section(settings["webhook"], "webhook", WebhookChannel.keys) {
            channels.append(try WebhookChannel(own, of: identity))
        }
        guard !channels.isEmpty else {
            throw SettingFailure("\(identity) has no way to send anything, expected command:, mail: or webhook:")
        }
        self.channels = channels
        limit = RunningCodes.Limit(
            messages: try settings.integer("messages", in: 1...100, default: 5),
            window: Int64(try NotifySettings.window(settings["window"])) * 60_000)
    }

    init(_ channels: [any Channel], _ limit: RunningCodes.Limit) {
        self.channels = channels
        self.limit = limit
    }

    /// The keys of one way; nil where it is absent.
    private static func section(
        _ setting: Setting?, _ name: String, _ keys: Set<String>
    ) throws(SettingFailure) -> Settings? {
        guard let setting else { return nil }
        guard case .map(let entries) = setting.value else {
            throw SettingFailure(at: setting, "\(name) is \(setting.found), expected a map")
        }
        var values: [String: Setting] = [:]
        for entry in entries {
            let place = Setting(entry.value.value, line: entry.line, column: entry.column)
            guard keys.contains(entry.key) else {
                let known = keys.sorted().joined(separator: ", ")
                throw SettingFailure(at: place, "the key '\(entry.key)' in \(name), expected \(known)")
            }
            values[entry.key] = entry.value
        }
        if let time = values["time"], try ProgramSettings.time(time) > longestTime {
            throw SettingFailure(at: time, "\(name)'s time is \(time.found), expected 1s to \(longestTime)s")
        }
        return Settings(values)
    }

    /// In minutes.
    private static func window(_ setting: Setting?) throws(SettingFailure) -> Int {
        guard let setting else { return 15 }
        guard case .text(let text, isQuoted: false) = setting.value, text.hasSuffix("m"),
            let minutes = Settings.number(String(text.dropLast())), (1...1440).contains(minutes)
        else { throw SettingFailure(at: setting, "window is \(setting.found), expected 1m to 1440m") }
        return minutes
    }
}
