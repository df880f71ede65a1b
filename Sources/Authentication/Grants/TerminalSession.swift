/// Where a login is asked from: a terminal, and the session that it controls.
///
/// A session's leader is a process, and a process is its number and when it started: numbers come again.
package struct TerminalSession: Hashable, Sendable {
    /// As PAM_TTY names it, without `/dev/`: `pts/3`, `tty1`.
    package let terminal: String
    /// The number of the session's leader, which is the session's own.
    package let leader: Int32
    /// When the leader started, in clock ticks since the boot (proc(5), field 22 of /proc/PID/stat).
    package let leaderStart: UInt64
    /// The host of the fleet that the terminal is of, by its certificate and its boot; nil for this machine.
    package let host: String?

    package init(terminal: String, leader: Int32, leaderStart: UInt64, host: String? = nil) {
        self.terminal = terminal
        self.leader = leader
        self.leaderStart = leaderStart
        self.host = host
    }
}
