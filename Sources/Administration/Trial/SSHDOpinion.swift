import Daemon
import PAMStacks

/// What sshd would make of a login that PAM is asked about, by its own settings for it.
package enum SSHDOpinion: Equatable {
    /// It has said what is in force: why it lets the person in by no means, and what else is worth a thought.
    case judged(refusals: [String], remarks: [String])
    /// It could not be asked, and why.
    case unknown(String)

    /// Asks the sshd of this machine about a login.
    init(of login: SSHDLogin, root: String) {
        guard let program = HostSSHD(HostTree(root: root)) else {
            self = .unknown("there is no sshd to be asked")
            return
        }
        do throws(SSHDFailure) {
            let settings = try program.settings(for: login.connection)
            self = .judged(refusals: login.refusals(by: settings), remarks: login.remarks(on: settings))
        } catch {
            guard let (method, list) = error.disabledMethod else {
                self = .unknown("sshd -T has failed: \(error.said.last ?? "")")
                return
            }
            self = .judged(
                refusals: ["AuthenticationMethods \(list) needs \(method), which is off: nobody gets in"], remarks: [])
        }
    }

    /// Whether it lets the person in by no means.
    var refuses: Bool {
        if case .judged(let refusals, _) = self { return !refusals.isEmpty }
        return false
    }

    /// In plain words, with what PAM has said.
    func sentences(of user: String, isAccepted: Bool, asksForPassword: Bool) -> [String] {
        let first = asksForPassword ? ", and ask for a new password first" : ""
        let accepts = "PAM would accept \(user) for sshd\(first)"
        switch self {
        case .unknown(let why):
            guard isAccepted else { return ["sshd would not let \(user) in."] }
            return [
                "\(accepts). Nobody was logged in. Not looked at: what sshd itself refuses (PermitRootLogin, AllowUsers, "
                    + "DenyUsers, AllowGroups, DenyGroups, AuthenticationMethods), since \(why)."
            ]
        case .judged(let refusals, let remarks):
            var lines = refusals.map { "sshd: \($0)" } + remarks.map { "sshd: \($0)" }
            switch (isAccepted, refusals.isEmpty) {
            case (true, true):
                lines.append("\(accepts), and nothing in sshd's settings stands against it. Nobody was logged in.")
            case (true, false): lines.append("PAM would accept \(user), but sshd would not let \(user) in.")
            case (false, true): lines.append("sshd would not let \(user) in.")
            case (false, false): lines.append("sshd would not let \(user) in, whatever PAM says.")
            }
            return lines
        }
    }

    /// For programs.
    var json: JSONValue {
        switch self {
        case .judged(let refusals, let remarks):
            .object([
                ("refusals", .list(refusals.map { .text($0) })), ("remarks", .list(remarks.map { .text($0) })),
                ("not_looked_at", .null),
            ])
        case .unknown(let why):
            .object([("refusals", .list([])), ("remarks", .list([])), ("not_looked_at", .text(why))])
        }
    }
}
