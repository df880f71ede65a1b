/// Which logins a rule is for: all that is said must hold; what is not said holds for every login.
package struct Match: Equatable, Sendable {
    /// Where a login comes from.
    package enum Place: String, CaseIterable, Sendable {
        /// A terminal or display of the machine itself, with no remote host.
        case local
        /// sshd, or anything with a remote host.
        case remote
    }

    /// PAM services; `sudo` means sudo and sudo-i, `su` means su and su-l.
    package private(set) var services: Set<String>
    package var accounts: Set<AccountName>
    /// Groups of the system's directory, to one of which the account must belong.
    package var groups: Set<String>
    package var networks: [Network]
    package var place: Place?
    /// How ssh has authenticated (`publickey`, or with the kind of key: `publickey ssh-ed25519`), any of them.
    package var methods: Set<String>
    package var times: [TimeWindow]

    package init(
        services: Set<String> = [], accounts: Set<AccountName> = [], groups: Set<String> = [],
        networks: [Network] = [], place: Place? = nil, methods: Set<String> = [], times: [TimeWindow] = []
    ) {
        self.services = Match.expand(services)
        self.accounts = accounts
        self.groups = groups
        self.networks = networks
        self.place = place
        self.methods = methods
        self.times = times
    }

    /// Whether every login is meant.
    package var isEverything: Bool { self == Match() }

    /// What a rule can look at, in the order in which that is done; groups last, since the directory must be asked.
    package enum Key: String, Sendable {
        case service, user, network, from, ssh, time, group

        /// All of them, in their order.
        package static let inOrder: [Key] = [.service, .user, .network, .from, .ssh, .time, .group]
    }

    /// The first key that does not hold for `request`; nil if all of them do, and it is meant.
    package func mismatch(with request: LoginRequest) -> Key? {
        Key.inOrder.first { !holds($0, for: request) }
    }

    /// Whether `request` is meant.
    package func holds(for request: LoginRequest) -> Bool { mismatch(with: request) == nil }

    /// The same, leaving out what only the system's directory can tell.
    func holdsButForGroups(for request: LoginRequest) -> Bool {
        switch mismatch(with: request) {
        case nil, .group: true
        case .service, .user, .network, .from, .ssh, .time: false
        }
    }

    /// Whether one key holds; one that the rule does not have holds for every login.
    private func holds(_ key: Key, for request: LoginRequest) -> Bool {
        switch key {
        case .service: services.isEmpty || services.contains(request.service)
        case .user: accounts.isEmpty || accounts.contains(request.account)
        case .network: networks.isEmpty || isInNetwork(request)
        case .from: place == nil || place == Match.place(of: request)
        case .ssh: methods.isEmpty || isAuthenticated(request)
        case .time: times.isEmpty || request.localTime.map { time in times.contains { $0.contains(time) } } ?? false
        case .group: groups.isEmpty || !groups.isDisjoint(with: request.groups)
        }
    }

    /// A host that is missing or no address is in no network.
    private func isInNetwork(_ request: LoginRequest) -> Bool {
        guard let address = request.remoteHost.flatMap({ IPAddress($0) }) else { return false }
        return networks.contains { $0.contains(address) }
    }

    private func isAuthenticated(_ request: LoginRequest) -> Bool {
        request.evidence.methods.contains { line in
            methods.contains { line == $0 || line.hasPrefix($0 + " ") }
        }
    }

    /// Nil where it cannot be told: sudo and su say no host wherever the person sits.
    package static func place(of request: LoginRequest) -> Place? {
        guard request.origin == .trusted else { return nil }
        if request.service == "sshd" { return .remote }
        if let host = request.remoteHost, !host.isEmpty { return .remote }
        guard !["sudo", "sudo-i", "su", "su-l"].contains(request.service) else { return nil }
        return request.terminal.map(isConsole) ?? false ? .local : nil
    }

    /// A virtual console, a serial line or a display, as PAM_TTY has them; no pseudo-terminal.
    private static func isConsole(_ terminal: String) -> Bool {
        let name = terminal.hasPrefix("/dev/") ? terminal.dropFirst(5) : terminal[...]
        if name == "console" { return true }
        for prefix in ["ttyS", "tty", ":"] where name.hasPrefix(prefix) {
            let rest = name.dropFirst(prefix.count)
            return rest.utf8.first.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
        }
        return false
    }

    /// Two doors to one thing.
    private static func expand(_ services: Set<String>) -> Set<String> {
        var all = services
        if services.contains("sudo") { all.insert("sudo-i") }
        if services.contains("su") { all.insert("su-l") }
        return all
    }
}
