import Glibc

/// journalctl(1): asked for what journald has of twostepd, without a shell and with an environment of our own.
package struct JournalProgram: Sendable {
    /// Absolute.
    package let path: String
    /// Whether this machine has a journal that could be asked.
    package let isPresent: Bool

    package init(path: String, isPresent: Bool) {
        self.path = path
        self.isPresent = isPresent
    }

    /// The machine's own.
    package static var host: JournalProgram {
        let path = "/usr/bin/journalctl"
        let isPresent = unsafe access(path, X_OK) == 0 && access("/run/systemd/journal/socket", F_OK) == 0
        return JournalProgram(path: path, isPresent: isPresent)
    }

    /// The longest line that is taken, in bytes; what is longer is passed over.
    private static let longestLine = 1024 * 1024

    /// Runs it and hands on its output, line by line, until it ends.
    func read(
        _ arguments: [String], _ body: ([UInt8]) throws(CommandFailure) -> Void
    ) throws(CommandFailure) {
        var numbers: [Int32] = [-1, -1]
        guard unsafe pipe(&numbers) == 0 else { throw failure(SystemError.text(errno)) }
        let ends = (reading: numbers[0], writing: numbers[1])
        for end in numbers { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends.reading) }
        let process: pid_t
        do throws(CommandFailure) {
            process = try start(arguments, output: ends.writing)
        } catch {
            close(ends.writing)
            throw error
        }
        close(ends.writing)
        do throws(CommandFailure) {
            try JournalProgram.readLines(of: ends.reading, body)
        } catch {
            kill(process, SIGTERM)
            _ = JournalProgram.wait(for: process)
            throw error
        }
        guard JournalProgram.wait(for: process) == 0 else { throw failure("it has failed") }
    }

    private func failure(_ why: String) -> CommandFailure {
        CommandFailure(
            .refused, code: .journal, "\(path) cannot be used: \(why).",
            hint: "See: journalctl -u twostepd. Without the journal: twostep log --daemon")
    }

    private func start(_ arguments: [String], output: Int32) throws(CommandFailure) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        // Its remarks for people would stand among ours.
        unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        unsafe sigemptyset(&defaults)
        unsafe sigaddset(&defaults, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        var process = pid_t()
        let code = unsafe HostAccounts.withArray([path] + arguments) { arguments in
            unsafe HostAccounts.withArray(["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"]) { environment in
                unsafe posix_spawn(&process, path, &actions, &attributes, arguments, environment)
            }
        }
        guard code == 0 else { throw failure(SystemError.text(code)) }
        return process
    }

    private static func readLines(
        of descriptor: Int32, _ body: ([UInt8]) throws(CommandFailure) -> Void
    ) throws(CommandFailure) {
        var line: [UInt8] = []
        var isTooLong = false
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            for byte in buffer.prefix(count) {
                guard byte == UInt8(ascii: "\n") else {
                    if line.count < longestLine { line.append(byte) } else { isTooLong = true }
                    continue
                }
                if !isTooLong, !line.isEmpty { try body(line) }
                line.removeAll(keepingCapacity: true)
                isTooLong = false
            }
        }
    }

    /// The exit status as waitpid(2) has it.
    private static func wait(for process: pid_t) -> Int32 {
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { return -1 }
        }
        return status
    }
}
