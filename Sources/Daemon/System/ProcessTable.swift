package import Authentication
import Glibc

/// What the kernel says of processes and their terminals. It may take its time, so it is never asked on the event loop.
package protocol ProcessTable: Sendable {
    /// The session of `process`, if the terminal that PAM_TTY names controls it; nil where it does not, that cannot be
    /// told, or the process only tries a stack: who tries one has gone through nothing.
    func session(of process: Int32, at terminal: String) -> TerminalSession?

    /// Whether the session's leader still lives, or that cannot be told.
    func isOpen(_ session: TerminalSession) -> Bool

    /// Whether whoever uses `process` sits at this machine's own seat, in a session that is in front there; false where that
    /// cannot be told. `console` is the terminal of somebody who is just logging in and has no session yet.
    func isAtSeat(_ process: Int32, console: String?) -> Bool
}

/// proc(5).
package struct SystemProcessTable: ProcessTable {
    package init() {}

    package func session(of process: Int32, at terminal: String) -> TerminalSession? {
        let name = String(terminal.hasPrefix("/dev/") ? terminal.dropFirst(5) : terminal[...])
        guard process > 0, let device = Self.device(ofTerminal: name), let before = ProcessStatus(of: process),
            !before.isTrial, before.terminal == device, before.session > 0,
            let leader = ProcessStatus(of: before.session),
            leader.session == before.session, leader.terminal == device
        else { return nil }
        // While a process of the session lives its number is given to nobody else; so if this is still the same one, what
        // was read in between was its leader.
        guard ProcessStatus(of: process) == before else { return nil }
        return TerminalSession(terminal: name, leader: before.session, leaderStart: leader.start)
    }

    package func isOpen(_ session: TerminalSession) -> Bool {
        guard let leader = ProcessStatus(of: session.leader) else { return errno != ENOENT && errno != ESRCH }
        return leader.start == session.leaderStart
    }

    /// The number by which the kernel knows a terminal (Documentation/admin-guide/devices.txt), as proc(5) writes it: from
    /// the name, since the daemon's own /dev need not be everybody's. Nil for what is no terminal that people sit at.
    package static func device(ofTerminal name: String) -> Int32? {
        func number(after prefix: String, below limit: UInt32) -> UInt32? {
            let digits = name.dropFirst(prefix.count)
            guard name.hasPrefix(prefix), (1...7).contains(digits.utf8.count),
                digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), digits == "0" || digits.utf8.first != 0x30,
                let number = UInt32(digits), number < limit
            else { return nil }
            return number
        }
        func device(_ major: UInt32, _ minor: UInt32) -> Int32 {
            Int32(bitPattern: minor & 0xFF | major << 8 | (minor & ~0xFF) << 12)
        }
        if let index = number(after: "pts/", below: 1 << 20) { return device(136, index) }
        if let index = number(after: "ttyS", below: 192) { return device(4, 64 + index) }
        if let index = number(after: "tty", below: 64), index > 0 { return device(4, index) }
        return nil
    }
}

/// What /proc/PID/stat says of a process that matters here.
package struct ProcessStatus: Equatable, Sendable {
    /// Who has started it, or who has taken it over since.
    package let parent: Int32
    package let session: Int32
    /// The device of the terminal that controls it; 0 for none.
    package let terminal: Int32
    /// In clock ticks since the boot.
    package let start: UInt64
    /// What the kernel calls the program: 15 bytes of its name, or what it has called itself.
    package let program: String

    /// Whether it is "twostep trial", which brings a login to its end and nobody in.
    package var isTrial: Bool { program == "twostep" }

    /// Nil if there is no such process, or the kernel does not say (hidepid, proc(5)).
    package init?(of process: Int32) {
        let descriptor = unsafe open("/proc/\(process)/stat", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 2048)
        let count = unsafe read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        self.init(bytes.prefix(count))
    }

    /// Nil for what is no such line. The name of the program stands in brackets, and may have brackets and blanks itself.
    package init?(_ line: some Collection<UInt8>) {
        let line = Array(line)
        guard let begin = line.firstIndex(of: UInt8(ascii: "(")), let end = line.lastIndex(of: UInt8(ascii: ")")),
            begin < end
        else { return nil }
        // From field 3 on.
        let fields = line[(end + 1)...].split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        guard fields.count > 19, let parent = Int32(fields[1]), let session = Int32(fields[3]),
            let terminal = Int32(fields[4]), let start = UInt64(fields[19])
        else { return nil }
        self.parent = parent
        self.session = session
        self.terminal = terminal
        self.start = start
        program = String(decoding: line[(begin + 1)..<end], as: UTF8.self)
    }
}
