import Glibc

/// The machine's own users, through the system's directory and its own tools.
package struct HostAccounts: SystemAccounts {
    package init() {}

    package var isPrivileged: Bool { geteuid() == 0 }
    package var ownUID: UInt32 { geteuid() }
    package var administrator: UInt32 { 0 }

    package func uid(ofUser name: String) throws(SystemAccountsFailure) -> UInt32? {
        errno = 0
        // This process has one thread: the static buffer behind it is nobody else's.
        if let entry = unsafe getpwnam(name) { return unsafe entry.pointee.pw_uid }
        try HostAccounts.checkAbsence(of: name)
        return nil
    }

    package func gid(ofGroup name: String) throws(SystemAccountsFailure) -> UInt32? {
        errno = 0
        if let entry = unsafe getgrnam(name) { return unsafe entry.pointee.gr_gid }
        try HostAccounts.checkAbsence(of: name)
        return nil
    }

    package func createGroup(_ name: String) throws(SystemAccountsFailure) {
        try run("/usr/sbin/groupadd", ["--system", name])
    }

    package func createUser(_ name: String, group: String, home: String) throws(SystemAccountsFailure) {
        try run(
            "/usr/sbin/useradd",
            [
                "--system", "--gid", group, "--home-dir", home, "--no-create-home", "--shell", "/usr/sbin/nologin",
                "--comment", "Twostep login daemon", name,
            ])
    }

    /// "There is none" and "it cannot be told" look alike but for errno (getpwnam(3), "ERRORS").
    private static func checkAbsence(of name: String) throws(SystemAccountsFailure) {
        let code = errno
        guard [0, ENOENT, ESRCH].contains(code) else {
            throw SystemAccountsFailure("It cannot be told whether '\(name)' exists: \(SystemError.text(code)).")
        }
    }

    /// Runs a program without a shell and with an environment of our own, and waits for it.
    private func run(_ program: String, _ arguments: [String]) throws(SystemAccountsFailure) {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        // Standard output is our document's.
        unsafe posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        unsafe sigemptyset(&defaults)
        unsafe sigaddset(&defaults, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        var process = pid_t()
        let code = unsafe HostAccounts.withArray([program] + arguments) { arguments in
            unsafe HostAccounts.withArray(["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"]) { environment in
                unsafe posix_spawn(&process, program, &actions, &attributes, arguments, environment)
            }
        }
        guard code == 0 else {
            throw SystemAccountsFailure("\(program) cannot be started: \(SystemError.text(code)).")
        }
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0 {
            let code = errno
            guard code == EINTR else {
                throw SystemAccountsFailure("\(program) cannot be waited for: \(SystemError.text(code)).")
            }
        }
        guard status == 0 else { throw SystemAccountsFailure("\(program) has failed.") }
    }

    /// Lends strings as a C array that ends with NULL.
    static func withArray(
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
