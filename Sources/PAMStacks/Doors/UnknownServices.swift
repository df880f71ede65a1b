/// Services that let people in and are no door that is known, while doors are guarded: nobody but their owner can tell
/// whether a program lets people into accounts by them.
package struct UnknownServices: Sendable {
    let tree: StackTree

    package init(_ tree: StackTree) { self.tree = tree }

    /// A warning for each, in the order of the services; none where no door asks for a code.
    package var findings: [StackFinding] {
        guard !DoorReview(tree).guarded.isEmpty else { return [] }
        let services = tree.services
        let known = Set(Door.all.map(\.service)).union(UnknownServices.lockers).union(
            UnknownServices.harmless)
        let candidates = services.filter { name in
            !known.contains(name) && !services.contains { name.hasPrefix("\($0).") || name.hasPrefix("\($0)~") }
        }
        guard !candidates.isEmpty else { return [] }
        let included = included(services)
        return candidates.filter { !included.contains($0) }.compactMap { finding($0) }
    }

    private func finding(_ service: String) -> StackFinding? {
        let stack = tree.stack(of: service)
        // Without lines of its own for auth it is not there to let people in.
        guard !stack.isFallback, !stack.isGuarded, let file = stack.file, let step = stack.steps.first,
            !stack.isMeantToBeGuarded(ModuleFolders(tree.files)), DoorReview(tree).isOpen(stack)
        else { return nil }
        return StackFinding(
            .warning, path: file.path, line: (step.via.first?.line ?? step.line).lines.lowerBound,
            found: "twostep does not know what '\(service)' is for, and it comes past no pam_twostep.so",
            expected: "the line of it here as well, if a program lets people into accounts by it")
    }

    /// The files that others include: no services, but what services have in common.
    private func included(_ services: [String]) -> Set<String> {
        var names: Set<String> = []
        for file in services.compactMap({ tree.file(named: $0) }) {
            for line in file.lines {
                switch line.content {
                case .include(let name), .substack(let name), .wholeFile(let name):
                    names.insert(name.split(separator: "/").last.map(String.init) ?? name)
                case .module, .broken: continue
                }
            }
        }
        return names
    }

    /// Whether a service is a screen locker's, whose program runs as the user: that is evidence of who it is.
    package static func isLocker(_ service: String) -> Bool { lockers.contains(service) }

    /// Screen lockers: they open their own user's screen again, and run as that user.
    static let lockers: Set<String> = [
        "cinnamon-screensaver", "gnome-screensaver", "gtklock", "hyprlock", "i3lock", "kcheckpass", "kde",
        "kde-fingerprint", "kde-smartcard", "kscreensaver", "light-locker", "mate-screensaver", "physlock", "swaylock",
        "vlock", "waylock", "xfce4-screensaver", "xlock", "xscreensaver",
    ]

    /// Those that let nobody into an account who is not in it, or is not root: they change it, run for it, show a
    /// greeting, or are what services have in common.
    private static let harmless: Set<String> = [
        "anacron", "at", "atd", "authselect", "chage", "chfn", "chpasswd", "chsh", "common-account", "common-auth",
        "common-password", "common-session", "common-session-noninteractive", "config-util", "cron", "crond", "cups",
        "fingerprint-auth", "gdm-launch-environment", "greetd-greeter", "groupadd", "groupdel", "groupmems", "groupmod",
        "lightdm-greeter", "newrole", "newusers", "other", "passwd", "password-auth", "postlogin", "run_init",
        "runuser",
        "runuser-l", "sddm-greeter", "smartcard-auth", "system-auth", "systemd-user", "useradd", "userdel", "usermod",
    ]
}
