import Authentication

/// What stands below a picture of the flow: the rules of the policy, and what holds for every login.
struct Legend: Equatable, Sendable {
    /// One rule: where it stands, whom it is for, what it changes.
    struct Row: Equatable, Sendable {
        let place: String
        let whom: String
        let changes: String
    }

    /// What the rows are; nil if there are none.
    let heading: String?
    let rows: [Row]
    let notes: [String]

    /// A line as it is laid out: how far it is indented, and what it says.
    struct Line: Equatable {
        let indent: Int
        let text: String
    }

    /// The legend in lines of at most `width` columns.
    func lines(width: Int) -> [Line] {
        var lines: [Line] = []
        func add(_ text: String, indent: Int) {
            // What does not fit into one line hangs below its beginning.
            let hang = indent > 0 ? 2 : 0
            lines += Columns.wrap(text, to: width - indent - hang).enumerated().map { index, part in
                Line(indent: index == 0 ? indent : indent + hang, text: part)
            }
        }
        if let heading { add(heading, indent: 0) }
        for row in rows {
            add("\(row.place): \(row.whom)", indent: 2)
            add(row.changes, indent: 6)
        }
        for note in notes { add(note, indent: 0) }
        return lines
    }
}

extension Legend.Row {
    init(_ rule: Rule) {
        place = "line \(rule.line)"
        whom = Legend.words(rule.match)
        var changes: [String] = []
        if let provider = rule.provider { changes.append("provider \(provider)") }
        if rule.isFirstFactorWaived { changes.append("no evidence of a first factor is needed (first_factor: none)") }
        if rule.isExempt { changes.append("no modules (exempt)") }
        if let steps = rule.steps {
            let names = steps.map { $0.alternatives.map(\.description).joined(separator: " or ") }
            changes.append("modules \(names.joined(separator: ", then "))")
        }
        if rule.countsSecurityKey {
            changes.append(
                "a security key of ssh stands for the first module, if sshd is strict (ssh_key: second_factor)")
        }
        switch rule.unenrolled {
        case .deny: break
        case .skip: changes.append("no modules for who has no device (unenrolled: skip)")
        case .enroll: changes.append("a device is set up for who has none (unenrolled: enroll)")
        }
        if let tries = rule.tries { changes.append("\(tries == 1 ? "1 try" : "\(tries) tries") a step") }
        if let lifetime = rule.sessionLifetime { changes.append("a step lasts \(lifetime / 1000) s at most") }
        if rule.single != nil { changes.append("password and code in one answer (conversation: single)") }
        if let prompt = rule.prompt { changes.append("modules ask \(prompt)") }
        if let echo = rule.echo { changes.append("answers are \(echo ? "shown" : "hidden")") }
        self.changes = changes.isEmpty ? "changes nothing" : changes.joined(separator: "; ")
    }
}

extension Legend {
    /// Which logins a rule is for: all of this must hold.
    fileprivate static func words(_ match: Match) -> String {
        let conditions: [(String, [String])] = [
            ("service", match.services.sorted()), ("user", match.accounts.map(\.text).sorted()),
            ("group", match.groups.sorted()), ("network", match.networks.map(\.description)),
            ("from", match.place.map { [$0.rawValue] } ?? []), ("ssh", match.methods.sorted()),
            ("time", match.times.map(\.description)),
        ]
        let said = conditions.filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1.joined(separator: ", "))" }
        return said.isEmpty ? "every login" : said.joined(separator: "; ")
    }
}
