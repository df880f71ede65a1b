import Daemon
import Glibc
import Testing

/// Whether somebody sits at the machine: what systemd-logind keeps, and what the kernel says of a process.
@Suite struct SeatTests {
    static let session =
        "# This is private data. Do not parse.\nUID=1000\nUSER=alice\nACTIVE=1\nSTATE=active\nREMOTE=0\nSEAT=seat0\n"

    @Test func `a session that is local and active at the seat is at it`() {
        #expect(LogindSession(Self.session)?.isAtSeat == true)
    }

    @Test(arguments: [
        ("ACTIVE=1", "ACTIVE=0"), ("ACTIVE=1\n", ""), ("REMOTE=0", "REMOTE=1"), ("REMOTE=0\n", ""),
        ("REMOTE=0", "REMOTE="),
        ("SEAT=seat0", "SEAT=seat1"), ("SEAT=seat0\n", ""), ("SEAT=seat0", "SEAT=seat01"), ("ACTIVE=1", "XACTIVE=1"),
        ("REMOTE=0", "REMOTE=0\nREMOTE=1"), ("SEAT=seat0", "SEAT=seat1\nSEAT=seat0"),
    ]) func `any other is not`(_ old: String, _ new: String) {
        let text = Self.session.replacing(old, with: new)
        #expect(text != Self.session)
        #expect(LogindSession(text)?.isAtSeat != true)
    }

    @Test(
        arguments: [
            ("0::/user.slice/user-1000.slice/session-2.scope\n", .session("2")),
            ("0::/user.slice/user-1000.slice/session-c1.scope/deeper\n", .session("c1")),
            ("9:pids:/x\n1:name=systemd:/user.slice/user-0.slice/session-7.scope\n0::/\n", .session("7")),
            ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope\n", .manager(uid: 1000)),
            ("0::/user.slice/user-1000.slice/user@1001.service/app.slice/x.scope\n", .elsewhere),
            ("0::/system.slice/getty@tty1.service\n", .elsewhere),
            ("0::/system.slice/user.slice/user-1000.slice/session-2.scope\n", .elsewhere),
            ("0::/user.slice/user-1000.slice/session-..%2F2.scope\n", .elsewhere),
            ("0::/user.slice/user-1000.slice/session-.scope\n", .elsewhere),
            ("0::/user.slice/session-2.scope\n", .elsewhere),
            ("5:memory:/user.slice/user-1.slice/session-2.scope\n", .elsewhere),
            ("0::/\n", .elsewhere), ("", .elsewhere),
        ] as [(String, ProcessPlace)]) func `a process is where its control group says`(
            _ text: String, _ place: ProcessPlace
        )
    { #expect(ProcessPlace(cgroups: text) == place) }

    @Test func `of a process that there is not, or that is in no session, nothing can be told`() {
        #expect(!SystemProcessTable().isAtSeat(0, console: nil))
        #expect(!SystemProcessTable().isAtSeat(getpid(), console: nil))
        #expect(!SystemProcessTable().isAtSeat(getpid(), console: "pts/0"))
        #expect(!SystemProcessTable().isAtSeat(getpid(), console: "tty63"))
    }
}
