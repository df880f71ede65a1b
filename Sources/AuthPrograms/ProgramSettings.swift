package import Authentication

/// The keys of a `command_line` module or provider: what is run, and how long.
package struct ProgramSettings: Equatable, Sendable {
    package static let keys: Set<String> = ["program", "arguments", "time", "network"]

    /// An absolute path.
    package let program: String
    /// What follows it; never anything of a login.
    package let arguments: [String]
    /// In seconds.
    package let time: Int
    /// Whether it may reach the network.
    package let mayReachNetwork: Bool

    /// Reads them strictly; `identity` is whose they are, for what is missing and has nothing usual in its place.
    package init(
        _ settings: Settings, of identity: String, usualProgram: String? = nil, usuallyReachesNetwork: Bool = false
    ) throws(SettingFailure) {
        program = try ProgramSettings.program(settings["program"], usualProgram, of: identity)
        arguments = try ProgramSettings.arguments(settings["arguments"])
        time = try ProgramSettings.time(settings["time"])
        mayReachNetwork = try settings.boolean("network", default: usuallyReachesNetwork)
    }

    package init(
        program: String, arguments: [String] = [], time: Int = Contract.usualTime, mayReachNetwork: Bool = false
    ) {
        self.program = program
        self.arguments = arguments
        self.time = time
        self.mayReachNetwork = mayReachNetwork
    }

    /// Whether a text names a file in one way alone.
    package static func isPath(_ text: String) -> Bool {
        guard text.utf8.count <= 1024, text.hasPrefix("/"), !text.utf8.contains(0) else { return false }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        return !parts.isEmpty && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    }

    private static func program(
        _ setting: Setting?, _ usual: String?, of identity: String
    ) throws(SettingFailure) -> String {
        guard let setting else {
            guard let usual else {
                throw SettingFailure("\(identity) has no program, expected program: and an absolute path")
            }
            return usual
        }
        guard case .text(let path, _) = setting.value, isPath(path) else {
            throw SettingFailure(
                at: setting, "program is \(setting.found), expected an absolute path without '.', '..' and '//'")
        }
        return path
    }

    private static func arguments(_ setting: Setting?) throws(SettingFailure) -> [String] {
        guard let setting else { return [] }
        guard case .list(let items) = setting.value, items.count <= Contract.mostArguments else {
            throw SettingFailure(
                at: setting, "arguments is \(setting.found), expected a list of at most \(Contract.mostArguments) texts"
            )
        }
        var arguments: [String] = []
        for item in items {
            guard case .text(let text, _) = item.value, text.utf8.count <= Contract.longestArgument,
                !text.utf8.contains(0)
            else {
                throw SettingFailure(
                    at: item, "an argument is \(item.found), expected text of at most \(Contract.longestArgument) bytes"
                )
            }
            arguments.append(text)
        }
        return arguments
    }

    /// What `time` says, in seconds.
    static func time(_ setting: Setting?) throws(SettingFailure) -> Int {
        guard let setting else { return Contract.usualTime }
        guard case .text(let text, isQuoted: false) = setting.value, text.hasSuffix("s"),
            let seconds = Settings.number(String(text.dropLast())), Contract.times.contains(seconds)
        else {
            throw SettingFailure(
                at: setting,
                "time is \(setting.found), expected \(Contract.times.lowerBound)s to \(Contract.times.upperBound)s")
        }
        return seconds
    }
}
