import Daemon
import Glibc
import Testing

/// What proc(5) says of processes and their terminals.
@Suite struct ProcessTableTests {
    /// As the kernel writes it: session 300, terminal 34819, started at tick 12345.
    private static let line =
        "77 (sudo) S 300 77 300 34819 77 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 1 2 3 4 5"

    @Test func `session, terminal and start are found behind any name of a program`() throws {
        for name in ["sudo", "a b", ") S 1 1 1 1", "((", "\u{7}\n"] {
            let line = Self.line.replacing("(sudo)", with: "(\(name))")
            let status = try #require(ProcessStatus(Array(line.utf8)))
            #expect((status.session, status.terminal, status.start) == (300, 34819, 12345), "\(name)")
        }
    }

    @Test(arguments: [
        "", "77", "77 (sudo)", "77 (sudo) S 300 77 300 34819 77", "77 (sudo) S 1 1 x 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 9",
    ])
    func `what is no such line says nothing`(line: String) {
        #expect(ProcessStatus(Array(line.utf8)) == nil)
    }

    @Test(
        arguments: [
            ("pts/0", 34816), ("pts/3", 34819), ("pts/255", 35071), ("pts/256", 1_083_392), ("tty1", 1025),
            ("tty63", 1087), ("ttyS0", 1088), ("pts/1048575", -1_013_505), ("tty", nil), ("tty0", nil), ("tty64", nil),
            ("ssh", nil), ("pts/", nil), ("pts/-1", nil), ("pts/03", nil), ("pts/3/", nil), ("pts/99999999", nil),
            (":0", nil), ("console", nil), ("", nil), ("pts/３", nil),
        ] as [(String, Int32?)]) func `a terminal has the number that its name says`(_ name: String, _ number: Int32?)
    {
        #expect(SystemProcessTable.device(ofTerminal: name) == number)
    }

    @Test func `the number is the one that the kernel gives a terminal`() throws {
        let controller = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(controller >= 0)
        defer { close(controller) }
        var index: CInt = -1
        // TIOCGPTN (ioctl_tty(2)), a macro that Swift does not import.
        try #require(unsafe ioctl(controller, 0x8004_5430, &index) == 0)
        let path = "/dev/pts/\(index)"
        var facts = stat()
        try #require(unsafe stat(path, &facts) == 0)
        // proc(5): the minor number is in bits 31 to 20 and 7 to 0, the major in 15 to 8.
        let (major, minor) = ((facts.st_rdev >> 8) & 0xFFF, (facts.st_rdev & 0xFF) | ((facts.st_rdev >> 12) & 0xFFF00))
        let number = Int32(bitPattern: UInt32(minor & 0xFF | major << 8 | (minor & 0xFFF00) << 12))
        #expect(SystemProcessTable.device(ofTerminal: String(path.dropFirst("/dev/".count))) == number)
    }

    @Test func `this process is what the kernel says, and nobody is at a terminal that does not control it`() throws {
        let status = try #require(ProcessStatus(of: getpid()))
        #expect(status.session == getsid(0))
        #expect(SystemProcessTable().session(of: getpid(), at: "/dev/pts/1048574") == nil)
        #expect(SystemProcessTable().session(of: 0, at: "/dev/pts/0") == nil)
        #expect(ProcessStatus(of: -1) == nil)
    }
}
