import Glibc

/// Programs of the system's, run without a shell and with an environment of our own.
enum SystemProgram {
    /// More than this is not kept of what it says, in bytes.
    private static let longest = 1 << 20

    /// Runs a program at an absolute path, waits for its end and returns what it has said; nothing is asked of it.
    static func run(_ path: String, _ arguments: [String]) -> ProgramResult {
        var numbers: [Int32] = [-1, -1]
        guard unsafe pipe(&numbers) == 0 else { return failure(path, errno) }
        let ends = (reading: numbers[0], writing: numbers[1])
        for end in numbers { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends.reading) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends.writing, STDOUT_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends.writing, STDERR_FILENO)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe sigaddset(&signals, SIGINT)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var process = pid_t()
        let code = unsafe HostAccounts.withArray([path] + arguments) { arguments in
            unsafe HostAccounts.withArray(["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"]) { environment in
                unsafe posix_spawn(&process, path, &actions, &attributes, arguments, environment)
            }
        }
        close(ends.writing)
        guard code == 0 else { return failure(path, code) }
        let output = read(ends.reading)
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { return failure(path, errno) }
        }
        return ProgramResult(succeeded: status == 0, output: output)
    }

    private static func read(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            if bytes.count < longest { bytes += buffer.prefix(count) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func failure(_ path: String, _ code: Int32) -> ProgramResult {
        ProgramResult(succeeded: false, output: "\(path) cannot be run: \(SystemError.text(code))")
    }
}
