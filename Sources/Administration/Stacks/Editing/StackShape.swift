/// Where a code is asked for in a stack.
enum StackShape: Equatable {
    /// After the line that checks the password.
    case behindPassword
    /// In place of that line: sshd has proved a key already.
    case key
    /// After the password, for everybody but root, whose way in is what is left when all else fails.
    case console

    /// The one that a stack was given, by what it has.
    init(of bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        if lines.contains(where: { $0.hasPrefix(StackEditor.silenced) }) {
            self = .key
        } else {
            self = StackShape.console.lines.first.map(lines.contains) ?? false ? .console : .behindPassword
        }
    }

    /// The lines, below one that says who has written them.
    var lines: [String] {
        let ours = "auth       required     pam_twostep.so"
        return switch self {
        case .behindPassword, .key: [ours]
        case .console:
            [
                // Root skips the next line; the one behind it is there to be landed on.
                "auth       [success=1 default=ignore]  pam_succeed_if.so quiet uid = 0", ours,
                "auth       required     pam_permit.so",
            ]
        }
    }
}
