package import Authentication
package import Daemon
import Glibc

/// The machine that this runs on.
package struct SystemStackHost: StackHost {
    package let root = ""

    package init() {}

    package var moment: Moment { SystemClocks().now() }

    /// As sd_booted(3) tells it.
    package var runsSystemd: Bool {
        var status = stat()
        return unsafe lstat("/run/systemd/system", &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    package var administrator: String {
        if let name = ProcessEnvironment.value(of: "SUDO_USER"), SystemStackHost.uid(name) != nil { return name }
        // Set at the login, and kept through su (pam_loginuid(8)); all ones where nothing has set it.
        if let text = SystemStackHost.text(of: "/proc/self/loginuid"), let uid = UInt32(text), uid != .max,
            let name = SystemStackHost.name(uid)
        {
            return name
        }
        for descriptor in [STDIN_FILENO, STDERR_FILENO] where isatty(descriptor) == 1 {
            var status = stat()
            if unsafe fstat(descriptor, &status) == 0, let name = SystemStackHost.name(status.st_uid) { return name }
        }
        return SystemStackHost.name(0) ?? "root"
    }

    package var ancestors: [RunningProgram] {
        var found: [RunningProgram] = []
        var process = getppid()
        // Nobody has more; a circle cannot be, but for a number that was given anew meanwhile.
        while process > 1, found.count < 64 {
            guard let status = ProcessStatus(of: process) else { break }
            let (start, overflow) = status.start.multipliedReportingOverflow(by: 1000)
            found.append(
                RunningProgram(
                    process: process, name: SystemStackHost.program(process),
                    start: overflow ? .max : Int64(clamping: start / SystemStackHost.ticks)))
            process = status.parent
        }
        return found
    }

    /// How many there are in a second.
    private static var ticks: UInt64 { UInt64(max(sysconf(Int32(_SC_CLK_TCK)), 1)) }

    package func passTick() { _ = usleep(useconds_t(clamping: 1_000_000 / SystemStackHost.ticks + 1)) }

    package func run(_ program: String, _ arguments: [String]) -> ProgramResult? {
        let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        guard let folder = folders.first(where: { unsafe access("\($0)/\(program)", X_OK) == 0 }) else { return nil }
        return SystemProgram.run("\(folder)/\(program)", arguments)
    }

    package func keyOwner(named name: String) -> KeyOwner? {
        guard let entry = unsafe getpwnam(name), let home = unsafe entry.pointee.pw_dir else { return nil }
        return unsafe KeyOwner(name: name, uid: entry.pointee.pw_uid, home: String(cString: home))
    }

    private static func uid(_ name: String) -> UInt32? { unsafe getpwnam(name).map { unsafe $0.pointee.pw_uid } }

    private static func name(_ uid: UInt32) -> String? {
        guard let entry = unsafe getpwuid(uid), let name = unsafe entry.pointee.pw_name else { return nil }
        return unsafe String(cString: name)
    }

    private static func text(of path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = unsafe read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes.prefix(count).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    private static func program(_ process: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink("/proc/\(process)/exe", &buffer, buffer.count)
        guard count > 0 else { return "" }
        let path = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // The kernel says so of a program that was replaced meanwhile.
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        let mark = " (deleted)"
        return name.hasSuffix(mark) ? String(name.dropLast(mark.count)) : name
    }
}
