import Daemon

/// Holds what is in force in sshd against the stack that it asks.
struct SSHDJudge {
    /// Whether the stack asks for a factor before our module: a password, as a rule.
    let stackAsksBefore: Bool
    /// Whether our module admits nobody without evidence of a factor that was proved to others (the provider `pam`).
    let needsEvidence: Bool
    /// Whether our module takes password and code in one answer from everybody: then the password that a client sends is
    /// what it asks for.
    let takesBoth: Bool

    /// What has to be gone through, where nothing else is known.
    private var wanted: String {
        !stackAsksBefore && needsEvidence ? "publickey,keyboard-interactive:pam" : "keyboard-interactive:pam"
    }

    /// What is wrong. `isBlock`: whether it is in force for those alone whom a Match line is for.
    func faults(_ settings: SSHDSettings, isBlock: Bool) -> [SSHDFault] {
        var faults: [SSHDFault] = []
        if !settings.isOn("usepam") {
            faults.append(
                problem("usepam", "UsePAM no: sshd never asks pam_twostep.so", "UsePAM yes"))
        }
        let lists = settings.methodLists
        // Whom a block lets in with a key alone nobody asks.
        let asks = lists.map { $0.contains { SSHDJudge.asks($0) } } ?? true
        if !settings.isOn("kbdinteractiveauthentication"), asks, !(takesBoth && settings.methods.contains("password")) {
            faults.append(
                problem(
                    "kbdinteractiveauthentication",
                    "KbdInteractiveAuthentication no: nobody can be asked for a code",
                    "KbdInteractiveAuthentication yes"))
        }
        if let lists {
            faults += self.faults(lists, settings, isBlock: isBlock)
        } else {
            faults += faultsOfAny(settings)
        }
        if settings.isOn("permitemptypasswords") {
            faults.append(
                SSHDFault(
                    severity: .warning, keyword: "permitemptypasswords",
                    found: "PermitEmptyPasswords yes: an account without a password has no first factor",
                    expected: "no", line: "PermitEmptyPasswords no"))
        }
        let root = settings["permitrootlogin"] ?? ""
        if asks, ["prohibit-password", "without-password"].contains(root),
            lists?.contains(where: { SSHDJudge.asks($0) && SSHDJudge.names($0).contains("publickey") }) ?? false
        {
            faults.append(
                SSHDFault(
                    severity: .warning, keyword: "permitrootlogin",
                    found: "PermitRootLogin \(root): to sshd a code is a password, and root's comes to PAM as rubbish",
                    // No line: to let root in, or not, is for nobody else to decide.
                    expected: "yes where root is to log in with a key and a code, no where not", line: nil))
        }
        return faults
    }

    /// A list needs a method that is off.
    func fault(_ method: String, in list: String) -> SSHDFault {
        let keywords = ["publickey": "PubkeyAuthentication", "keyboard-interactive": "KbdInteractiveAuthentication"]
        guard let keyword = keywords[method] else {
            return problem(
                "authenticationmethods", "AuthenticationMethods \(list) needs \(method), which is off: nobody gets in",
                "AuthenticationMethods \(wanted)")
        }
        return problem(
            keyword.lowercased(), "\(keyword) no, and AuthenticationMethods \(list) needs it: nobody gets in",
            "\(keyword) yes")
    }

    /// Any one method is enough.
    private func faultsOfAny(_ settings: SSHDSettings) -> [SSHDFault] {
        let methods = settings.methods
        let alone = methods.filter { !["password", "keyboard-interactive"].contains($0) }
        if !alone.isEmpty {
            return [
                problem(
                    "authenticationmethods", "\(SSHDJudge.list(alone)) alone lets people in, without a code",
                    "AuthenticationMethods \(wanted)")
            ]
        }
        if methods.contains("password"), !takesBoth {
            return [
                problem(
                    "passwordauthentication",
                    "PasswordAuthentication yes: sshd answers every question of the stack with the password, "
                        + "the one for the code as well",
                    "PasswordAuthentication no")
            ]
        }
        guard !stackAsksBefore, needsEvidence else { return [] }
        return [
            problem(
                "authenticationmethods", "nothing proves a first factor, so nobody is asked for a code",
                "AuthenticationMethods \(wanted)")
        ]
    }

    private func faults(_ lists: [[String]], _ settings: SSHDSettings, isBlock: Bool) -> [SSHDFault] {
        var reasons: [String] = []
        var isMeant = true
        var better: [String] = []
        for list in lists {
            let written = list.joined(separator: ",")
            guard let (reason, instead, mayBeMeant) = fault(list, isBlock: isBlock) else {
                better.append(written)
                continue
            }
            reasons.append("\(written): \(reason)")
            better.append(instead)
            isMeant = isMeant && mayBeMeant
        }
        if let unusable = lists.first(where: { SSHDJudge.names($0).contains("publickey") }), reasons.isEmpty,
            !settings.isOn("pubkeyauthentication"), lists.allSatisfy({ SSHDJudge.names($0).contains("publickey") })
        {
            return [
                problem(
                    "pubkeyauthentication",
                    "PubkeyAuthentication no, and \(unusable.joined(separator: ",")) has to be gone through: "
                        + "nobody gets in", "PubkeyAuthentication yes")
            ]
        }
        guard !reasons.isEmpty else { return [] }
        var told: Set<String> = []
        let line = "AuthenticationMethods " + better.filter { told.insert($0).inserted }.joined(separator: " ")
        let what = "AuthenticationMethods " + reasons.joined(separator: "; ")
        guard isMeant else { return [problem("authenticationmethods", what, line)] }
        return [
            SSHDFault(
                severity: .warning, keyword: "authenticationmethods", found: what,
                expected: "this only for machines that nobody can ask; for people: \(line)", line: nil)
        ]
    }

    /// What is wrong with one list, what should stand there, and whether it may be meant.
    private func fault(_ list: [String], isBlock: Bool) -> (reason: String, instead: String, mayBeMeant: Bool)? {
        let names = SSHDJudge.names(list)
        // The stack runs once, and is answered with what it asks for.
        if takesBoth, names.count(where: { $0 == "password" }) == 1, !names.contains("keyboard-interactive") {
            return nil
        }
        guard SSHDJudge.asks(list) else {
            if names.contains("password") {
                return ("every question is answered with the password, so nobody gets in", wanted, false)
            }
            let instead = names == ["publickey"] ? "publickey,keyboard-interactive:pam" : wanted
            return ("lets people in without a code", instead, isBlock && names == ["publickey"])
        }
        if names.contains("password") {
            let kept = list.filter { SSHDJudge.names([$0]) != ["password"] }
            return (
                "for password the stack runs once more, with the password for an answer to everything: nobody gets in",
                kept.count > 1 || stackAsksBefore || !needsEvidence ? kept.joined(separator: ",") : wanted, false
            )
        }
        if !stackAsksBefore, needsEvidence, names == ["keyboard-interactive"] {
            return ("nothing proves a first factor, so nobody gets in", wanted, false)
        }
        return nil
    }

    private func problem(_ keyword: String, _ found: String, _ line: String) -> SSHDFault {
        SSHDFault(severity: .problem, keyword: keyword, found: found, expected: line, line: line)
    }

    /// Whether PAM is asked in the course of a list.
    static func asks(_ list: [String]) -> Bool { names(list).contains("keyboard-interactive") }

    /// Without what stands behind a colon: which device, or which kind of key.
    static func names(_ list: [String]) -> [String] {
        list.map { String($0.prefix { $0 != ":" }).lowercased() }
    }

    private static func list(_ words: [String]) -> String { words.joined(separator: " or ") }
}
