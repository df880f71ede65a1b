import CPOSIX
import Glibc
import UnixSocket

/// Starts programs where no service manager does: a process of root's that is forked before the daemon stops being root.
///
/// It holds no key and no store, hears from the daemon alone, and ends with it. Each question is served by a process of
/// its own, and each program runs as a user of its own.
enum LauncherProcess {
    /// Forks it, for a process of root that nobody has passed sockets to and that has one thread yet. Returns why there is
    /// none, in a sentence for the journal; nil if there is one, or none is needed.
    static func start(_ options: DaemonOptions) -> String? {
        guard Privileges.isRoot, !isSocketActivated else { return nil }
        do throws(StartFailure) {
            let target = try Privileges.target()
            try StateDirectories.prepareRuntime(options)
            let sockets = [
                try bind(options.programSocket, owner: target), try bind(options.networkProgramSocket, owner: target),
                try bind(options.securityKeySocket, owner: target),
                try bind(options.sshdSocket, owner: target),
            ]
            defer { for socket in sockets { close(socket.descriptor) } }
            // Before anybody can connect: what is asked early waits.
            for socket in sockets { listen(socket.descriptor, 64) }
            var life = Ends()
            guard life.open() else { throw StartFailure("no pipe: \(Privileges.reason())") }
            let child = posix_fork()
            guard child >= 0 else { throw StartFailure("cannot fork: \(Privileges.reason())") }
            guard child == 0 else {
                // The other end stays open for as long as the daemon lives.
                life.closeRead()
                return nil
            }
            life.closeWrite()
            LauncherProcess.run(options, sockets.map(\.descriptor), life: life.read)
        } catch {
            return "programs of the administrator's cannot be run: \(error.description)"
        }
    }

    /// The launcher of the daemon before this one is ended by the kernel a moment after that has gone: it is waited for.
    private static func bind(_ path: String, owner: Privileges.Target) throws(StartFailure) -> ListeningSocket {
        for _ in 0..<50 {
            if let socket = try? ListeningSocket.bind(path, mode: 0o600, owner: owner) { return socket }
            usleep(20_000)
        }
        return try ListeningSocket.bind(path, mode: 0o600, owner: owner)
    }

    private static var isSocketActivated: Bool {
        unsafe getenv("LISTEN_PID").flatMap { unsafe Int32(String(cString: $0)) } == getpid()
    }

    /// Accepts, hands over, and never returns: it ends once nobody holds the other end of `life`. (A signal at the parent's
    /// death would not do: the daemon is not root then, and may send us none.)
    private static func run(_ options: DaemonOptions, _ sockets: [Int32], life: Int32) -> Never {
        unsafe posix_name_process("twostep-launch")
        signal(SIGPIPE, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
        standardDescriptorsToNothing()
        for socket in sockets { _ = fcntl(socket, F_SETFL, O_NONBLOCK) }
        var busy = [pid_t](repeating: 0, count: ProgramUser.slots)
        var untilLook = Deadline.after(milliseconds: 0)
        while true {
            for slot in busy.indices where busy[slot] > 0 && posix_has_ended(busy[slot]) != 0 {
                _ = posix_wait_for(busy[slot])
                busy[slot] = 0
            }
            if untilLook.remaining == 0 {
                boundMemory(of: busy.filter { $0 > 0 })
                untilLook = .after(milliseconds: 100)
            }
            let free = busy.indices.filter { busy[$0] == 0 }
            let isIdle = busy.allSatisfy { $0 == 0 }
            var waited = (sockets + [life]).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            if free.isEmpty { for index in sockets.indices { waited[index].fd = -1 } }
            // While something runs, its end is looked for; what waits meanwhile waits in the socket.
            let found = unsafe poll(&waited, nfds_t(waited.count), isIdle ? -1 : 20)
            guard waited[sockets.count].revents == 0 else { _exit(0) }
            guard found > 0 else { continue }
            guard let index = sockets.indices.first(where: { waited[$0].revents != 0 }) else { continue }
            // Looked up each time: somebody may have got one of them since.
            let slot = index >= asksKeys ? free.first : free.first { ProgramUser(slot: $0) != nil }
            guard slot != nil || isIdle else {
                // All that there are run something, and one of them ends.
                usleep(20_000)
                continue
            }
            let connection = accept(sockets[index], nil, nil)
            guard connection >= 0 else { continue }
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            let user = slot.flatMap { ProgramUser(slot: $0) }
            busy[slot ?? 0] =
                switch index {
                case asksKeys: SecurityKeyProgram.serve(connection, sockets)
                case asksSSHD: serve(connection, sockets)
                case _: serve(connection, as: user, reachesNetwork: index == 1, options, sockets)
                }
            close(connection)
        }
    }

    /// Ends a program where they use more memory than they may; whoever serves it says so.
    private static func boundMemory(of serving: [pid_t]) {
        let used = serving.map { (run: $0, bytes: ProgramMemory.used(below: $0)) }
        guard let run = ProgramMemory.excessive(used) else { return }
        // What it has started is in a world of its own, of which it is the first process.
        for program in ProgramMemory.children(of: run) { kill(program, SIGKILL) }
    }

    /// The numbers of the sockets at which security keys and sshd are asked.
    private static let (asksKeys, asksSSHD) = (2, 3)

    /// Forks who asks sshd for one connection; 0 if nobody could be. sshd does no more than read its files.
    private static func serve(_ connection: Int32, _ sockets: [Int32]) -> pid_t {
        let launcher = getpid()
        let child = posix_fork()
        guard child == 0 else { return max(child, 0) }
        guard posix_end_with_parent(launcher) == 0 else { _exit(1) }
        for socket in sockets { close(socket) }
        // Longer nobody waits for it.
        alarm(10)
        SSHKeyDesk().serve(connection)
        _exit(0)
    }

    /// Forks who serves one connection, and refuses where there is no `user`; 0 if nobody could be.
    private static func serve(
        _ connection: Int32, as user: ProgramUser?, reachesNetwork: Bool, _ options: DaemonOptions, _ sockets: [Int32]
    ) -> pid_t {
        let launcher = getpid()
        let child = posix_fork()
        guard child == 0 else { return max(child, 0) }
        guard posix_end_with_parent(launcher) == 0 else { _exit(1) }
        for socket in sockets { close(socket) }
        let desk = ProgramDesk(
            configuration: options.configuration, allowsInsecure: options.allowsInsecure,
            reachesNetwork: reachesNetwork, hidden: hidden(options))
        desk.serve(connection, as: user)
        _exit(0)
    }

    /// What no program sees: ours, and people's.
    package static func hidden(_ options: DaemonOptions) -> [String] {
        let ours = [
            options.stateDirectory, options.runtimeDirectory,
            "/etc/twostep", "/var/lib/twostep", "/var/lib/twostep-undo", "/run/twostep",
        ]
        return ours + ["/home", "/root", "/run/user"]
    }

    /// Ours stay free, so that no descriptor of a program's takes their places.
    private static func standardDescriptorsToNothing() {
        let nothing = unsafe open("/dev/null", O_RDWR)
        guard nothing >= 0 else { _exit(1) }
        for standard: Int32 in 0...2 { dup2(nothing, standard) }
        if nothing > 2 { close(nothing) }
    }
}
