import Authentication

/// A fleet: hosts that relay logins, and the hubs that decide about them.
extension Reading {
    /// What a host with hubs may say besides, which is for its own callers.
    private static let keysOfHosts: Set<String> = ["callers", "upstream"]

    /// The configuration of a host that decides nothing.
    mutating func configurationOfHost(
        _ upstream: Setting, _ top: [String: Setting], _ root: Setting
    ) -> Configuration {
        if case .map(let entries) = root.value {
            for entry in entries where !Reading.keysOfHosts.contains(entry.key) && top[entry.key] != nil {
                refuse(
                    entry.place, "\(entry.key) on a host with upstream",
                    expected: "no such key: it stands in the configuration of the hubs")
            }
        }
        let settings = readUpstream(upstream)
        let callers = top["callers"].map { readCallers($0) } ?? [:]
        var configuration = Configuration(
            policy: Policy(chains: [], rules: [], sessionLifetime: 0), providers: [:], modules: [:],
            throttle: Throttle(), sessions: SessionLimits(), store: StoreSettings(), callers: callers, issuer: "",
            names: [:], warnings: warnings, places: places)
        configuration.upstream = settings
        return configuration
    }

    private mutating func readUpstream(_ setting: Setting) -> UpstreamSettings? {
        guard let values = map(setting, "upstream", keys: ["hubs", "bundle"]) else { return nil }
        let hubs = readPlaces(values["hubs"], "hubs", of: setting, "upstream", example: "hub1.example.org:7443")
        guard let file = values["bundle"] else {
            refuse(
                setting, "upstream without bundle",
                expected: "the file that `twostep host add` has written, as /etc/twostep/host.pem")
            return nil
        }
        guard let bundle = text(file, "bundle") else { return nil }
        if !bundle.hasPrefix("/") { refuse(file, "bundle is '\(bundle)'", expected: "an absolute path") }
        return UpstreamSettings(hubs: hubs, bundle: bundle)
    }

    /// Where a hub serves; nil where that cannot be made out.
    mutating func readHub(_ setting: Setting) -> HubSettings? {
        guard let values = map(setting, "hub", keys: ["name", "listen"]) else { return nil }
        let listen = readPlaces(values["listen"], "listen", of: setting, "hub", example: "'[::]:7443'")
        guard let value = values["name"] else {
            refuse(setting, "hub without name", expected: "the name that hosts have in their lists of hubs")
            return nil
        }
        guard let name = text(value, "hub's name") else { return nil }
        guard NetworkPlace.isName(name) else {
            refuse(value, "the hub's name '\(name)'", expected: "a host's name or address, without a port")
            return nil
        }
        return HubSettings(name: name, listen: listen)
    }

    private mutating func readPlaces(
        _ setting: Setting?, _ key: String, of owner: Setting, _ section: String, example: String
    ) -> [NetworkPlace] {
        guard let setting else {
            refuse(owner, "\(section) without \(key)", expected: "at least one, as \(example)")
            return []
        }
        return (texts(setting, key) ?? []).compactMap { text, item in
            if let place = NetworkPlace(text) { return place }
            refuse(item, "\(key) has '\(text)'", expected: "a name or address with a port, as \(example)")
            return nil
        }
    }
}
