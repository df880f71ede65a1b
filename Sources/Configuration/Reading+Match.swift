import Authentication

extension Reading {
    private static let matchKeys: Set<String> = ["from", "group", "network", "service", "ssh", "time", "user"]
    /// What sshd can have accepted before it asks PAM, as SSH_AUTH_INFO_0 has it.
    private static let sshMethods: Set<String> = [
        "gssapi-keyex", "gssapi-with-mic", "hostbased", "keyboard-interactive", "password", "publickey",
    ]

    /// Reads which logins a rule is for; nil, and noted, if anything in it is wrong: a key less would be for more logins.
    mutating func readMatch(_ setting: Setting) -> Match? {
        guard let values = map(setting, "match", keys: Reading.matchKeys) else { return nil }
        let before = problems.count
        let match = Match(
            services: Set(names(values, "service") { $0 }),
            accounts: Set(names(values, "user", expected: "the name of an account") { AccountName($0) }),
            groups: Set(names(values, "group", expected: "the name of a group") { AccountName($0)?.text }),
            networks: names(values, "network", expected: "an address, or a network such as 10.1.2.0/24") {
                Network($0)
            },
            place: readPlace(values["from"]),
            methods: Set(
                names(values, "ssh", expected: "\(Reading.words(Reading.sshMethods)), a kind of key behind it") {
                    word in
                    let method = word.prefix { $0 != " " }
                    return Reading.sshMethods.contains(String(method)) ? word : nil
                }),
            times: names(values, "time", expected: "days, hours or both, as in 'Mon-Fri 08:00-18:00'") {
                TimeWindow($0)
            })
        return problems.count == before ? match : nil
    }

    /// One text or a list of them, each made into a value; what is none is noted. Empty if the key is absent.
    private mutating func names<Value>(
        _ values: [String: Setting], _ key: String, expected: String = "text", _ make: (String) -> Value?
    ) -> [Value] {
        guard let setting = values[key] else { return [] }
        var made: [Value] = []
        for (text, place) in texts(setting, key) ?? [] {
            if let value = make(text) {
                made.append(value)
            } else {
                refuse(place, "\(key) is '\(text)'", expected: expected)
            }
        }
        return made
    }

    private mutating func readPlace(_ setting: Setting?) -> Match.Place? {
        guard let setting, let word = text(setting, "from") else { return nil }
        let known = Match.Place.allCases.map(\.rawValue)
        guard let place = Match.Place(rawValue: word) else {
            refuse(
                setting, "from is '\(word)'", expected: Reading.words(known),
                suggestion: Nearness.suggestion(for: word, among: known))
            return nil
        }
        return place
    }
}
