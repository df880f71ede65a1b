import Daemon
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

    private func run(_ path: String, _ arguments: [String]) throws(SystemAccountsFailure) {
        let program: SystemProgram
        do throws(ProgramFailure) {
            // Standard output is our document's.
            program = try SystemProgram(path, arguments, output: STDERR_FILENO, errors: STDERR_FILENO)
        } catch {
            throw SystemAccountsFailure("\(path) cannot be started: \(error.reason).")
        }
        let status: Int32
        do throws(ProgramFailure) {
            status = try program.wait()
        } catch {
            throw SystemAccountsFailure("\(path) cannot be waited for: \(error.reason).")
        }
        guard status == 0 else { throw SystemAccountsFailure("\(path) has failed.") }
    }
}
