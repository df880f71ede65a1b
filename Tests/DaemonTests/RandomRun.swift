import AdminProtocol
import Authentication
import AuthenticationTesting
import Daemon
import Wire

/// Random policies and logins, each explained first and then made: what differs, and what the run has come across.
struct RandomRun {
    static let modules: [any AuthModule] = [
        RepeatingModule("a"), RepeatingModule("b", shape: .digits(6...6)),
        RepeatingModule("c", shape: .base32(24), isLowEntropy: false),
    ]

    private let world: LoginWorld
    private var hat: RandomLogins
    private(set) var differences: [String] = []
    private var endings: [String: Int] = [:]
    private var reasons: [String: Int] = [:]

    init(_ world: LoginWorld, seed: UInt64) {
        self.world = world
        hat = RandomLogins(seed: seed)
    }

    mutating func perform(policies: Int, logins: Int) throws {
        for module in RandomRun.modules {
            try world.enroll("alice", module: module.id, uid: 1001)
            try world.enroll("bob", module: module.id, uid: 1002)
        }
        for number in 0..<policies {
            let policy = hat.policy([
                (RandomLogins.providers[0], true, true), (RandomLogins.providers[1], false, true),
                (RandomLogins.providers[2], false, false),
            ])
            world.follow { active in
                active.number = number + 2
                active.policy = policy
            }
            var login = hat.login()
            for _ in 0..<logins {
                // The same again, now and then: what was granted may be remembered.
                if hat.isOnce(in: 2) { login = hat.login() }
                try compare(login, policy)
                if hat.isOnce(in: 4) { try happen() }
            }
        }
    }

    private func explain(_ login: SupposedLogin, to admin: AdminClient) throws -> Explanation {
        guard case .explained(let foreseen) = try admin.ask(.explain(login: login)) else {
            throw WorldFailure("not explained: \(login)")
        }
        return foreseen
    }

    /// Explains a login and makes it.
    private mutating func compare(_ login: SupposedLogin, _ policy: Policy) throws {
        let admin = try world.administer()
        // What is known of names that nobody has is kept apart, and shown to nobody.
        _ = try admin.ask(.unlock(account: "mallory"))
        var foreseen = try explain(login, to: admin)
        // So is how often somebody was tried who is blocked.
        if let block = foreseen.block {
            _ = try admin.ask(.unlock(account: block.account))
            foreseen = try explain(login, to: admin)
        }
        let choice = foreseen.ways.isEmpty ? 0 : hat.one(of: Array(foreseen.ways.indices), else: 0)
        let way = foreseen.ways.indices.contains(choice) ? foreseen.ways[choice] : nil
        guard let ending = way?.ending ?? foreseen.ending else { throw WorldFailure("no end: \(foreseen)") }
        let person = Person(world: world, login: login, way: way, number: choice)
        let before = world.journal.messages.count
        let real = try person.logIn()
        let record = world.journal.messages.dropFirst(before).last { $0.hasPrefix("login ") } ?? ""
        var wrong: [String] = []
        if ending.code != RandomRun.name(of: real.code) { wrong.append("code") }
        if way?.asked ?? 0 != real.steps { wrong.append("steps") }
        if !record.hasPrefix("login \(ending.result) ") { wrong.append("result") }
        if RandomRun.word("reason", in: record) != ending.reason { wrong.append("reason") }
        if let terms = foreseen.terms {
            if RandomRun.rule(in: record) != terms.rule { wrong.append("rule") }
            if foreseen.rules.last(where: { $0.mismatch == nil })?.line != terms.rule { wrong.append("rules") }
        }
        if !wrong.isEmpty {
            differences.append("\(wrong): \(real) \(record)\n\(foreseen)\n\(login)\n\(policy)")
        }
        endings[ending.result, default: 0] += 1
        reasons[ending.reason ?? "-", default: 0] += 1
        if hat.isOnce(in: 10) { for _ in 0..<4 { _ = try person.logIn(isRight: false) } }
    }

    /// Something happens between two logins.
    private mutating func happen() throws {
        let name = hat.one(of: ["alice", "bob"], else: "alice")
        let module = hat.one(of: RandomRun.modules.map(\.id), else: ModuleID("a"))
        let uid: UInt32 = name == "alice" ? 1001 : 1002
        let admin = try world.administer()
        switch hat.one(of: Array(0...9), else: 0) {
        case 0...2: try world.enroll(name, module: module, uid: uid)
        case 3: try world.enroll(name, module: module, uid: 999)
        case 4: _ = try admin.ask(.adopt(account: name, uid: uid))
        case 5:
            // All of them, half of the time: whoever has nothing is let off, or set up.
            for module in hat.isOnce(in: 2) ? RandomRun.modules.map(\.id) : [module] {
                _ = try admin.ask(
                    .remove(account: name, device: "phone", module: ModuleReference(module), force: true))
            }
        case 6: _ = try admin.ask(.block(account: name, reason: nil))
        case 7: world.clock.advance(seconds: hat.one(of: [20, 61, 40_000, 130_000], else: 20))
        case 8: for name in ["alice", "bob"] { _ = try admin.ask(.unlock(account: name)) }
        case _: world.processes.begin(at: "pts/3", leader: hat.one(of: Array(301...399), else: 301))
        }
        if hat.isOnce(in: 2) { _ = try admin.ask(.unblock(account: name)) }
    }

    // MARK: What it has come across

    /// Match keys and actions that stood in fewer rules.
    func rareKeys(below least: Int) -> [String] {
        let keys = [
            "service", "user", "group", "network", "from", "ssh", "time", "provider", "modules", "exempt",
            "first_factor", "unenrolled", "remember", "tries", "session", "echo", "prompt",
        ]
        return keys.filter { hat.counts[$0, default: 0] < least }
    }

    /// Ends that were hardly ever met.
    var rareEndings: [String] {
        let results = ["granted", "denied", "exempt", "skipped", "unavailable", "misconfigured"]
        let words = [
            "remembered", "first_factor_waived", "no_evidence", "blocked", "not_enrolled", "too_many_retry",
            "delayed", "account_changed", "enrolled", "directory_unavailable",
        ]
        return results.map { ($0, endings[$0, default: 0]) }.filter { $0.1 < 3 }.map { "\($0.0): \($0.1)" }
            + words.map { ($0, reasons[$0, default: 0]) }.filter { $0.1 < 3 }.map { "\($0.0): \($0.1)" }
    }

    /// The value of a word in a line of the journal.
    private static func word(_ word: String, in record: String) -> String? {
        guard let start = record.firstRange(of: " \(word)=")?.upperBound else { return nil }
        return String(record[start...].prefix { $0 != " " })
    }

    private static func rule(in record: String) -> Int? {
        guard let start = record.firstRange(of: #" rule="line "#)?.upperBound else { return nil }
        return Int(record[start...].prefix { $0 != "\"" })
    }

    private static func name(of code: VerdictCode) -> String {
        switch code {
        case .granted: "PAM_SUCCESS"
        case .exempt: "PAM_IGNORE"
        case .denied: "PAM_AUTH_ERR"
        case .triesUsedUp: "PAM_MAXTRIES"
        case .unavailable: "PAM_AUTHINFO_UNAVAIL"
        case .badArgument: "PAM_SERVICE_ERR"
        case .conversationFailed, .noOpinion, .blocked: "?"
        }
    }
}
