import Authentication
import Daemon

/// Looks at the policy before a service is enabled: whether it would ask anybody.
struct ExemptionReview {
    let policy: Policy
    /// Where the policy is written.
    let path: String

    init(_ policy: Policy, path: String) {
        self.policy = policy
        self.path = path
    }

    /// A finding for each rule that lets everybody off in some of these services.
    func findings(for services: [String]) -> [CheckFinding] {
        var found: [(line: Int, asked: [Int], services: [String])] = []
        for service in services {
            guard let (line, asked) = exemption(in: service) else { continue }
            if let index = found.firstIndex(where: { $0.line == line && $0.asked == asked }) {
                found[index].services.append(service)
            } else {
                found.append((line, asked, [service]))
            }
        }
        return found.map { line, asked, services in
            let others =
                asked.isEmpty
                ? ": nobody would be asked for a code"
                : " but for whom line \(asked.map(String.init).joined(separator: ", ")) is for"
            return CheckFinding(
                .warning, file: path, line: line,
                found: "exempt: true lets everybody off in \(services.joined(separator: " and "))\(others)",
                expected: "no such rule for a service that is to ask")
        }
    }

    /// The rule that lets off whomever none before it is for, and the lines of those before it that do not.
    private func exemption(in service: String) -> (line: Int, asked: [Int])? {
        let rules = policy.rules.filter { $0.match.services.isEmpty || $0.match.services.contains(service) }
        guard let index = rules.firstIndex(where: { ExemptionReview.isForEverybody($0.match, in: service) }),
            rules[index].isExempt
        else { return nil }
        return (rules[index].line, rules[..<index].filter { !$0.isExempt }.map(\.line))
    }

    /// Whether nothing but the service decides.
    private static func isForEverybody(_ match: Match, in service: String) -> Bool {
        match.accounts.isEmpty && match.groups.isEmpty && match.networks.isEmpty && match.methods.isEmpty
            && match.times.isEmpty && (match.place == nil || match.place == .remote && service == "sshd")
    }
}
