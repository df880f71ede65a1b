/// Where a code is asked for in a stack.
enum StackShape: Equatable {
    /// After the line that checks the password.
    case behindPassword
    /// In place of that line: sshd has proved a key already.
    case key
    /// After the password, for everybody but root, whose way in is what is left when all else fails.
    case console

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
