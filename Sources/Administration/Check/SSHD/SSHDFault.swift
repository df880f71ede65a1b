import Daemon

/// Something that is in force in sshd and does not go with its stack.
struct SSHDFault: Hashable {
    let severity: CheckFinding.Severity
    /// The keyword that it is about, in small letters.
    let keyword: String
    let found: String
    let expected: String
    /// The line that makes it good, without what stands before it; nil where it may be meant.
    let line: String?
}
