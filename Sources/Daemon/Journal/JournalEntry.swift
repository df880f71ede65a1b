package import Authentication
import Wire

/// One record of the journal: a message for people, and the same in fields for programs.
package struct JournalEntry: Equatable, Sendable {
    /// Severity, as syslog(3) numbers it.
    package enum Level: Int, Sendable {
        case error = 3
        case warning = 4
        case notice = 5
        case info = 6
        case debug = 7
    }

    package let level: Level
    package let message: String
    /// Upper-case names (`TWOSTEP_USER`) and values, stripped of what a terminal would act on.
    package let fields: [(name: String, value: String)]

    package init(_ level: Level, _ message: String, fields: [(name: String, value: String)] = []) {
        self.level = level
        self.message = JournalEntry.printable(message)
        self.fields = fields.map { ($0.name, JournalEntry.printable($0.value)) }
    }

    package static func == (left: JournalEntry, right: JournalEntry) -> Bool {
        left.level == right.level && left.message == right.message
            && left.fields.elementsEqual(right.fields, by: { $0.name == $1.name && $0.value == $1.value })
    }

    /// `text` without controls, line ends and bidirectional overrides: one entry is one line.
    package static func printable(_ text: String) -> String {
        guard !PrintableText.isClean(text.utf8.span, newlines: false) else { return text }
        let bytes = Array(text.utf8)
        var kept: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let length = PrintableText.scalarLength(bytes.span, at: index, newlines: false)
            if length > 0 {
                kept.append(contentsOf: bytes[index..<(index + length)])
            } else {
                kept.append(UInt8(ascii: "?"))
            }
            index += max(length, 1)
        }
        return String(decoding: kept, as: UTF8.self)
    }
}

/// How one login went: the one structured record that each decision leaves.
package struct LoginRecord: Equatable, Sendable {
    package var request: LoginRequest?
    package var verdict: Verdict
    /// The last answer's refusal, where the login went on after it, or ended with something else.
    package var lastRefusal: Reason?
    package var provider: ProviderID?
    package var modules: [ModuleID] = []
    /// The module that was being answered when the login ended.
    package var module: ModuleID?
    package var isFirstFactorWaived = false
    /// What has let the login off its modules, where it is granted without them.
    package var waiver: Waiver?
    /// The type of the security key that has stood for a step; nil where none has.
    package var securityKey: String?
    /// How far the last accepted code lay from the present, in time steps ahead (positive) or behind.
    package var stepOffset: Int64?
    /// A local copy has judged it, while the database was away.
    package var isOffline = false
    /// A device was set up within the login.
    package var hasEnrolled = false
    /// An administrator's code stood in for a step.
    package var usesBypass = false
    /// A module for demonstrations has had a part in it.
    package var isInsecure = false
    package var peer: UInt32
    /// The process that asked; 0 where that cannot be told.
    package var process: Int32 = 0
    /// The fleet's host that has relayed the login, at a hub; nil for one of this machine.
    package var relay: String?
    /// The hub that has decided, at a host; nil where it was decided here.
    package var hub: String?
    package var generation: Int
    package var ruleLine: Int?
    /// It is no login: somebody wants to change the devices of the account.
    package var isChange = false
    /// What an administrator has to do about it.
    package var hint: String?

    package init(verdict: Verdict, peer: UInt32, generation: Int) {
        self.verdict = verdict
        self.peer = peer
        self.generation = generation
    }

    /// `granted`, `denied` and so on: one stable word.
    var result: String {
        switch verdict {
        case .granted: "granted"
        case .exempt: "exempt"
        case .skipped: "skipped"
        case .denied: "denied"
        case .triesUsedUp: "denied"
        case .unavailable: "unavailable"
        case .conversationFailed: "abandoned"
        case .badArgument: "misconfigured"
        case .proved: "proved"
        case .declined: "declined"
        }
    }

    var reason: String? {
        switch verdict {
        case .granted:
            isFirstFactorWaived
                ? "first_factor_waived"
                : isInsecure
                    ? "insecure_module" : usesBypass ? "bypass" : hasEnrolled ? "enrolled" : waiver?.reason
        case .exempt: "exempt"
        case .skipped: "not_enrolled"
        case .denied(let reason), .unavailable(let reason): reason.description
        case .triesUsedUp(let reason): reason.description
        case .conversationFailed: "conversation"
        case .badArgument: "bad_argument"
        case .proved: hasEnrolled ? "enrolled" : nil
        case .declined: nil
        }
    }

    /// The line and the fields.
    package var entry: JournalEntry {
        var fields: [(name: String, value: String)] = [("TWOSTEP_RESULT", result)]
        fields.reserveCapacity(13)
        // Bytes, since appending to a text takes several times as long.
        var line = Array(beginning.utf8)
        line.reserveCapacity(256)
        forEachPart { part in
            if !part.word.isEmpty {
                line.append(UInt8(ascii: " "))
                line += part.word.utf8
                line.append(UInt8(ascii: "="))
                line += (part.isQuoted ? LoginRecord.quoted(part.value) : LoginRecord.word(part.value)).utf8
            }
            if !part.field.isEmpty { fields.append((part.field, part.value)) }
        }
        return JournalEntry(level, String(decoding: line, as: UTF8.self), fields: fields)
    }

    /// One thing that a record says.
    struct Part {
        /// What it is called in the line; empty where the line does not have it.
        let word: String
        /// What it is called as a field; empty where it is none.
        let field: String
        let value: String
        var isQuoted = false
    }

    /// How the line begins, which is what fail2ban's filter matches; a caller other than uid 0 only claims to be
    /// somebody, and its line begins otherwise, as does one that is about no login.
    var beginning: String { (isClaimed ? "claimed " : "") + (isChange ? "change " : "login ") + result }

    /// Lends all that comes behind the beginning, in order; what is empty is left out.
    func forEachPart(_ body: (Part) -> Void) {
        func add(_ word: String, _ field: String, _ value: String?, quoted: Bool = false) {
            guard let value, !value.isEmpty else { return }
            body(Part(word: word, field: field, value: value, isQuoted: quoted))
        }
        let isClaimed = isClaimed
        let reason = reason
        add("reason", "TWOSTEP_REASON", reason)
        if let last = lastRefusal?.description, last != reason, ![.granted, .proved].contains(verdict) {
            add("last", "TWOSTEP_LAST_REASON", last)
        }
        add("service", "TWOSTEP_SERVICE", request?.service)
        if isClaimed { add("uid", "TWOSTEP_PEER_UID", String(peer)) }
        if !isClaimed { add("rhost", "TWOSTEP_RHOST", request?.remoteHost) }
        // Here, so that no filter of addresses matches at a hub: a host that was stolen could have anybody banned there.
        add("relay", "TWOSTEP_RELAY", relay)
        // For programs: whoever goes through a login can be told from whoever only tries one.
        if !isClaimed, process > 0 { add("", "TWOSTEP_PEER_PID", String(process)) }
        add("user", "TWOSTEP_USER", request?.account.text, quoted: true)
        add("tty", "TWOSTEP_TTY", request?.terminal)
        add("provider", "TWOSTEP_PROVIDER", provider?.description)
        add("modules", "TWOSTEP_MODULES", modules.map(\.description).joined(separator: ","))
        add("security_key", "TWOSTEP_SECURITY_KEY", securityKey)
        add("module", "TWOSTEP_MODULE", module?.description)
        add("step_offset", "TWOSTEP_STEP_OFFSET", stepOffset.map(String.init))
        if isOffline { add("offline", "TWOSTEP_OFFLINE", "yes") }
        add("hub", "TWOSTEP_HUB", hub)
        if case .triesUsedUp(.delayed(let seconds)) = verdict { add("delay", "TWOSTEP_DELAY", String(seconds)) }
        if case .badArgument(let argument) = verdict { add("argument", "TWOSTEP_ARGUMENT", argument, quoted: true) }
        add("rule", "TWOSTEP_RULE", ruleLine.map { "line \($0)" }, quoted: true)
        add("config", "TWOSTEP_GENERATION", String(generation))
        add("hint", "", hint, quoted: true)
    }

    /// The caller is believed in nothing but the answers: anybody could have written the rest.
    var isClaimed: Bool { request.map { $0.origin != .trusted } ?? (peer != 0) }

    var level: JournalEntry.Level {
        switch verdict {
        case .granted: isFirstFactorWaived || isInsecure || usesBypass ? .warning : .info
        case .exempt, .skipped, .declined: .info
        case .proved: hasEnrolled ? .notice : .info
        case .denied, .triesUsedUp, .conversationFailed: .notice
        case .unavailable, .badArgument: .error
        }
    }

    /// A value that needs no quotes, made so: blanks and quotes would shift what follows.
    static func word(_ value: String) -> String {
        guard value.utf8.contains(where: shifts) else { return value }
        // By scalars: a combining mark makes another character of a quote, and leaves it a quote.
        var word = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            word.append(scalar == " " || scalar == "\"" || scalar == "\\" ? "?" : scalar)
        }
        return String(word)
    }

    /// Blanks, quotes and backslashes: in UTF-8 no other character has such a byte.
    private static func shifts(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    static func quoted(_ value: String) -> String {
        guard value.utf8.contains(where: shifts) else { return "\"" + value + "\"" }
        var quoted = String.UnicodeScalarView("\"".unicodeScalars)
        for scalar in value.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted.append("\\") }
            quoted.append(scalar)
        }
        quoted.append("\"")
        return String(quoted)
    }
}

extension Waiver {
    /// One stable word, as for logins whose verdict says the same.
    fileprivate var reason: String {
        switch self {
        case .exempt: "exempt"
        case .skipped: "not_enrolled"
        case .remembered: "remembered"
        }
    }
}
