/// Where a process belongs, as its control group says (systemd's naming, in proc(5)'s /proc/PID/cgroup).
package enum ProcessPlace: Equatable, Sendable {
    /// A session of this name.
    case session(String)
    /// The user manager of this uid: what a desktop starts for whoever has logged in.
    case manager(uid: UInt32)
    /// No session: a service of the system's, or nothing that systemd knows.
    case elsewhere

    /// Reads /proc/PID/cgroup.
    package init(cgroups text: String) {
        let lines = text.split(separator: "\n")
        // The one that systemd keeps its units in: version 1 has it by name, version 2 is it.
        let line = lines.first { $0.contains(":name=systemd:") } ?? lines.first { $0.hasPrefix("0::") }
        let parts = line?.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).last?
            .split(separator: "/").map(String.init)
        guard let parts, parts.count >= 3, parts[0] == "user.slice",
            let uid = ProcessPlace.middle(of: parts[1], between: "user-", and: ".slice").flatMap(UInt32.init)
        else {
            self = .elsewhere
            return
        }
        if let name = ProcessPlace.middle(of: parts[2], between: "session-", and: ".scope") {
            self = .session(name)
        } else if ProcessPlace.middle(of: parts[2], between: "user@", and: ".service") == String(uid) {
            self = .manager(uid: uid)
        } else {
            self = .elsewhere
        }
    }

    /// A name of letters and digits between two texts; nil where there is none.
    private static func middle(of text: String, between start: String, and end: String) -> String? {
        guard text.hasPrefix(start), text.hasSuffix(end), text.utf8.count > start.utf8.count + end.utf8.count else {
            return nil
        }
        let name = String(text.dropFirst(start.count).dropLast(end.count))
        return name.utf8.allSatisfy({
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
        }) ? name : nil
    }
}
