/// What `twostep` says of itself: all commands by what they are for, on one screen of a serial console (80 x 24).
enum Overview {
    /// A command, and what it is for in a few words.
    private typealias Entry = (name: String, purpose: String)

    private static let groups: [(title: String, entries: [Entry])] = [
        (
            "People",
            [
                ("unlock", "forget wrong answers"), ("bypass", "a code in place of one"),
                ("block", "let nobody in as USER"), ("unblock", "let USER in again"),
                ("report", "who has what, who has not"), ("grants", "who is let off for now"),
                ("user", "users that are kept here"), ("legacy", "the API password"),
                ("credentials", "what such a user opens"), ("adopt", "devices after a new uid"),
            ]
        ),
        (
            "Devices",
            [
                ("enroll", "give somebody a device"), ("list", "devices and failures"),
                ("show", "a QR code once more"), ("verify", "whether a code is right"),
                ("remove", "a device that is lost"), ("ticket", "let USER enrol alone"),
                ("import", "take over from others"), ("export", "write otpauth URIs"),
            ]
        ),
        (
            "Trying",
            [
                ("check", "find mistakes, with mends"), ("explain", "what a login would need"),
                ("trial", "a stack, without a login"), ("flow", "draw the way of a login"),
            ]
        ),
        (
            "Roll-out",
            [
                ("init", "prepare this machine"), ("enable", "have a service ask"),
                ("disable", "take that back"), ("module", "try a program of yours"),
            ]
        ),
        (
            "Service",
            [
                ("status", "whether twostepd serves"), ("sessions", "who is being asked"),
                ("log", "what was decided, and why"), ("metrics", "counters, as OpenMetrics"),
                ("backup", "a copy of the whole store"), ("restore", "put a backup back"),
                ("rekey", "a new key for all secrets"), ("store", "move it to another place"),
                ("host", "hosts that ask this hub"),
            ]
        ),
    ]

    /// The whole text, without a newline at its end.
    static var text: String {
        var lines = [
            "Usage: twostep COMMAND [options]. All about one of them: twostep help COMMAND",
            "Manages who logs in with what: devices, people, the services that ask, twostepd.", "",
        ]
        for group in groups {
            for start in stride(from: 0, to: group.entries.count, by: 2) {
                let pair = group.entries[start..<min(start + 2, group.entries.count)]
                let title = start == 0 ? group.title : ""
                let cells = zip(pair, [12, 9]).map { entry, width in
                    padded(entry.name, width) + padded(entry.purpose, 26)
                }
                var line = Substring(padded(title, 9) + cells.joined())
                while line.last == " " { line.removeLast() }
                lines.append(String(line))
            }
        }
        lines += [
            "Most ask twostepd, as root; without root, where that is allowed, about yourself.",
            "Exit codes: 0 done, 1 refused, 2 wrong usage, 3 twostepd cannot be reached.",
        ]
        return lines.joined(separator: "\n")
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(width - text.count, 1))
    }
}
