import Glibc

/// A program of the system's that runs beside this one: without a shell, with an environment of our own, and with
/// nothing to read.
package struct SystemProgram {
    private let process: pid_t

    /// Starts the one at an absolute path. What it says goes to two descriptors; nil: nowhere. `isInterruptible`: Ctrl-C
    /// ends it, whatever this process makes of that itself.
    package init(
        _ path: String, _ arguments: [String], output: Int32, errors: Int32?, isInterruptible: Bool = false
    ) throws(ProgramFailure) {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        if let errors {
            unsafe posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)
        } else {
            unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigaddset(&signals, SIGPIPE)
        if isInterruptible { unsafe sigaddset(&signals, SIGINT) }
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = isInterruptible ? POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK : POSIX_SPAWN_SETSIGDEF
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        var process = pid_t()
        let code = unsafe SystemProgram.withArray([path] + arguments) { arguments in
            unsafe SystemProgram.withArray(["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"]) { environment in
                unsafe posix_spawn(&process, path, &actions, &attributes, arguments, environment)
            }
        }
        guard code == 0 else { throw ProgramFailure(code: code) }
        self.process = process
    }

    /// Waits for its end, and tells its status as waitpid(2) has it.
    package func wait() throws(ProgramFailure) -> Int32 {
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw ProgramFailure(code: errno) }
        }
        return status
    }

    /// Has it end before it has done.
    package func terminate() { kill(process, SIGTERM) }

    /// Lends strings as a C array that ends with NULL.
    private static func withArray(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Int32
    ) -> Int32 {
        let pointers = unsafe strings.map { unsafe strdup($0) } + [nil]
        defer { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
        return unsafe pointers.withUnsafeBufferPointer { pointers in
            guard let first = pointers.baseAddress else { return EINVAL }
            return unsafe body(first)
        }
    }
}
