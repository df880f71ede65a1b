import Glibc

/// A program that is run for what it writes.
enum CapturedProgram {
    struct Run {
        /// As waitpid(2) has it.
        let status: Int32
        let output: String
        let errors: String
    }

    /// Runs a program without a shell and with an environment of our own, and waits for it.
    static func run(_ command: [String]) throws(SSHDFailure) -> Run {
        guard let program = command.first else { throw SSHDFailure(explanation: "there is no program") }
        let output = try pipe()
        defer { close(output.reading) }
        let errors: (reading: Int32, writing: Int32)
        do throws(SSHDFailure) {
            errors = try pipe()
        } catch {
            close(output.writing)
            throw error
        }
        defer { close(errors.reading) }
        let process = start(program, command, output.writing, errors.writing)
        close(output.writing)
        close(errors.writing)
        guard let process else { throw SSHDFailure(explanation: "\(program) cannot be started") }
        let texts = read(output.reading, errors.reading)
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
        return Run(status: status, output: texts.0, errors: texts.1)
    }

    private static func pipe() throws(SSHDFailure) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        guard unsafe Glibc.pipe(&ends) == 0 else { throw SSHDFailure(explanation: SystemError.text(errno)) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func start(_ program: String, _ command: [String], _ output: Int32, _ errors: Int32) -> pid_t? {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)
        var process = pid_t()
        let code = unsafe HostAccounts.withArray(command) { arguments in
            unsafe HostAccounts.withArray(["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"]) { environment in
                unsafe posix_spawn(&process, program, &actions, nil, arguments, environment)
            }
        }
        return code == 0 ? process : nil
    }

    /// Both at once: a program that fills one of two pipes waits until somebody reads that one.
    private static func read(_ output: Int32, _ errors: Int32) -> (String, String) {
        var waiting = [
            pollfd(fd: output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
        ]
        var texts: [[UInt8]] = [[], []]
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while waiting.contains(where: { $0.fd >= 0 }) {
            guard unsafe poll(&waiting, 2, -1) >= 0 || errno == EINTR else { break }
            for index in waiting.indices where waiting[index].fd >= 0 && waiting[index].revents != 0 {
                let count = unsafe Glibc.read(waiting[index].fd, &buffer, buffer.count)
                if count > 0 {
                    texts[index] += buffer.prefix(count)
                } else if count == 0 || errno != EINTR {
                    waiting[index].fd = -1
                }
            }
        }
        return (String(decoding: texts[0], as: UTF8.self), String(decoding: texts[1], as: UTF8.self))
    }
}
