import Glibc

extension SystemProcessTable {
    /// By the session that systemd-logind has the process in; for one of a user manager (a desktop's terminal), by the
    /// session that the user looks at. Where it is in none, a virtual console that is in front is the seat.
    package func isAtSeat(_ process: Int32, console: String?) -> Bool {
        guard process > 0, let before = ProcessStatus(of: process),
            let cgroups = Self.text(of: "/proc/\(process)/cgroup")
        else { return false }
        // While it lives its number is given to nobody else: what was read in between was said of it.
        guard ProcessStatus(of: process) == before else { return false }
        switch ProcessPlace(cgroups: cgroups) {
        case .session(let name): return Self.isAtSeat(session: name)
        case .manager(let uid):
            guard let user = Self.text(of: "/run/systemd/users/\(uid)"),
                let display = user.split(separator: "\n").first(where: { $0.hasPrefix("DISPLAY=") })
            else { return false }
            return Self.isAtSeat(session: String(display.dropFirst("DISPLAY=".count)))
        case .elsewhere:
            let name = console.map { String($0.hasPrefix("/dev/") ? $0.dropFirst(5) : $0[...]) }
            guard let name, name.hasPrefix("tty"), let device = Self.device(ofTerminal: name),
                // What a display manager starts has no terminal; anything else must be where it says.
                before.terminal == device || before.terminal == 0
            else { return false }
            return Self.text(of: "/sys/class/tty/tty0/active")?.split(separator: "\n").first.map(String.init) == name
        }
    }

    private static func isAtSeat(session name: String) -> Bool {
        guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else { return false }
        return text(of: "/run/systemd/sessions/\(name)").flatMap { LogindSession($0) }?.isAtSeat ?? false
    }

    /// A small file of the kernel's or of systemd's; nil if it cannot be read, is too long, or is no text.
    private static func text(of path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 8192)
        var count = 0
        while count < bytes.count {
            let read = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count)
            }
            guard read >= 0 else { return nil }
            if read == 0 { return String(validating: bytes.prefix(count), as: UTF8.self) }
            count += read
        }
        return nil
    }
}
