import Authentication

extension Reading {
    /// The parameters of libpq that may stand in the configuration (PostgreSQL, "Parameter Key Words"): none that holds a secret, names
    /// another file of settings, or changes what the daemon relies on.
    private static let parameters: Set<String> = [
        "application_name", "channel_binding", "connect_timeout", "dbname", "gssencmode", "host", "hostaddr",
        "keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval", "krbsrvname", "load_balance_hosts",
        "port", "require_auth", "requirepeer", "sslcert", "sslcrl", "sslcrldir", "sslkey", "sslmode",
        "sslnegotiation", "sslrootcert", "sslsni", "ssl_min_protocol_version", "ssl_max_protocol_version",
        "target_session_attrs", "tcp_user_timeout", "user",
    ]

    /// Parameters that are refused for a reason of their own.
    private static let refused = [
        "password":
            "no password: it stands in a password_file, a file named by PGPASSFILE, or is not needed (peer, cert)",
        "sslpassword": "a key file without a password, which the daemon's user alone can read",
        "options": "nothing: time-outs and durability are set by twostepd",
        "client_encoding": "nothing: it is UTF8",
        "passfile": "a password_file, or a file named by PGPASSFILE",
        "service": "the parameters themselves: a service file may be somebody else's",
    ]

    mutating func readStore(_ setting: Setting) -> StoreSettings {
        var store = StoreSettings()
        let known = problems.count
        guard
            let values = map(
                setting, "store", keys: ["type", "connection", "password_file", "poll", "offline", "offline_for"])
        else { return store }
        let kinds = StoreSettings.Kind.allCases.map(\.rawValue)
        guard let type = values["type"] else {
            if problems.count == known { refuse(setting, "store has no type", expected: Reading.words(kinds)) }
            return store
        }
        guard let word = text(type, "store's type") else { return store }
        guard let kind = StoreSettings.Kind(rawValue: word) else {
            refuse(
                type, "the store type '\(word)'", expected: Reading.words(kinds),
                suggestion: Nearness.suggestion(for: word, among: kinds))
            return store
        }
        store.kind = kind
        switch kind {
        case .sqlite:
            for key in ["connection", "password_file", "poll", "offline", "offline_for"] {
                guard let value = values[key] else { continue }
                refuse(value, "store of the type sqlite with \(key)", expected: "the type postgresql, or no such key")
            }
        case .postgresql:
            guard let connection = values["connection"] else {
                refuse(setting, "store of the type postgresql without connection", expected: "host=… dbname=… user=…")
                return store
            }
            store.connection = readConnection(connection)
            if let file = values["password_file"], let path = text(file, "password_file") {
                if !path.hasPrefix("/") { refuse(file, "password_file is '\(path)'", expected: "an absolute path") }
                store.passwordFile = path
            }
            if let poll = values["poll"], let word = text(poll, "poll") {
                let seconds = Reading.seconds(word) ?? 0
                if !(1...20).contains(seconds) {
                    refuse(poll, "poll is '\(word)'", expected: "a time from 1s to 20s")
                } else {
                    store.poll = seconds
                }
            }
            store.offlineFor = readOffline(values)
        }
        return store
    }

    /// What becomes of logins while the server is away: for how many seconds a copy stands in; nil where they are denied.
    private mutating func readOffline(_ values: [String: Setting]) -> Int64? {
        let isCached: Bool
        if let setting = values["offline"], let word = text(setting, "offline") {
            let known = ["deny", "cached"]
            if !known.contains(word) {
                refuse(
                    setting, "offline is '\(word)'", expected: Reading.words(known),
                    suggestion: Nearness.suggestion(for: word, among: known))
            }
            isCached = word == "cached"
        } else {
            isCached = false
        }
        guard let setting = values["offline_for"] else {
            if isCached, let place = values["offline"] {
                refuse(
                    place, "offline: cached without offline_for",
                    expected: "offline_for: a time from 1m to 168h, as in 24h")
            }
            return nil
        }
        guard isCached else {
            refuse(setting, "offline_for without offline: cached", expected: "both, or none of them")
            return nil
        }
        guard let word = text(setting, "offline_for") else { return nil }
        guard let seconds = Reading.seconds(word), (60...604_800).contains(seconds) else {
            refuse(setting, "offline_for is '\(word)'", expected: "a time from 1m to 168h, as in 30m or 24h")
            return nil
        }
        return seconds
    }

    private mutating func readConnection(_ setting: Setting) -> [StoreSettings.Parameter] {
        guard let text = text(setting, "connection") else { return [] }
        // What it says is not repeated: there may be a password in it.
        guard let pairs = ConnectionText.parameters(in: text) else {
            refuse(
                setting, "connection is not a list of libpq's parameters",
                expected: "name=value name='value with spaces' …, and no URI")
            return []
        }
        var names: Set<String> = []
        for pair in pairs {
            if let reason = Reading.refused[pair.name] {
                refuse(setting, "connection has \(pair.name)", expected: reason)
            } else if !Reading.parameters.contains(pair.name) {
                refuse(
                    setting, "connection has the parameter '\(pair.name)'",
                    expected: Reading.words(Reading.parameters),
                    suggestion: Nearness.suggestion(for: pair.name, among: Reading.parameters))
            }
            if !names.insert(pair.name).inserted {
                refuse(setting, "connection has \(pair.name) twice", expected: "each once")
            }
        }
        for needed in ["dbname", "user"] where !names.contains(needed) {
            refuse(setting, "connection without \(needed)", expected: "\(needed)=…")
        }
        if !names.contains("host"), !names.contains("hostaddr") {
            refuse(setting, "connection without host", expected: "host=… (a name, several with commas, or a folder)")
        }
        judgeTransport(pairs, setting)
        return pairs
    }

    /// Over a network, whoever is not sure of the server tells it everything, and believes it everything.
    private mutating func judgeTransport(_ pairs: [StoreSettings.Parameter], _ setting: Setting) {
        let values = Dictionary(pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        let modes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
        if let mode = values["sslmode"], !modes.contains(mode) {
            refuse(
                setting, "sslmode is '\(mode)'", expected: Reading.words(modes),
                suggestion: Nearness.suggestion(for: mode, among: modes))
        }
        if let target = values["target_session_attrs"], target != "read-write", target != "primary" {
            refuse(
                setting, "target_session_attrs is '\(target)'",
                expected: "one of primary, read-write: logins are written")
        }
        if let word = values["connect_timeout"], !(Settings.number(word).map((1...10).contains) ?? false) {
            refuse(
                setting, "connect_timeout is '\(word)'",
                expected: "a number of seconds from 1 to 10: whoever waits for a code waits for that")
        }
        let local = ["localhost", "127.0.0.1", "::1"]
        let hosts = (values["host"] ?? values["hostaddr"] ?? "").split(separator: ",")
        let isRemote = hosts.contains { !$0.hasPrefix("/") && !$0.hasPrefix("@") && !local.contains(String($0)) }
        if isRemote, values["sslmode"] != "verify-full" {
            warn(
                setting.place, "a database over the network with sslmode \(values["sslmode"] ?? "prefer")",
                expected: "sslmode=verify-full: whoever stands between could grant every login")
        }
    }
}
