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
            lines += Columns.wrap(text, to: width - indent).map { Line(indent: indent, text: $0) }
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
        var whom: [String] = []
        if !rule.services.isEmpty { whom.append("service \(Legend.words(rule.services))") }
        if !rule.accounts.isEmpty { whom.append("user \(Legend.words(rule.accounts.map(\.text)))") }
        self.whom = whom.isEmpty ? "every login" : whom.joined(separator: "; ")
        var changes: [String] = []
        if let provider = rule.provider { changes.append("provider \(provider)") }
        if rule.isFirstFactorWaived { changes.append("no evidence of a first factor is needed (first_factor: none)") }
        if rule.isExempt { changes.append("no modules (exempt)") }
        if let steps = rule.steps {
            let names = steps.map { $0.alternatives.map(\.description).joined(separator: " or ") }
            changes.append("modules \(names.joined(separator: ", then "))")
        }
        if let tries = rule.tries { changes.append("\(tries == 1 ? "1 try" : "\(tries) tries") a step") }
        self.changes = changes.isEmpty ? "changes nothing" : changes.joined(separator: "; ")
    }
}

extension Legend {
    fileprivate static func words(_ words: some Collection<String>) -> String {
        words.sorted().joined(separator: ", ")
    }
}
