import AdminProtocol

/// What is said once a password is set, and what is still missing for a login.
enum PasswordReport {
    /// `account` is the local account that the user is meant to open, where there is no choice.
    static func make(_ done: String, _ change: PasswordChange, account: String? = nil) -> Report {
        let user = change.user
        var lines = [done]
        if user.account == nil, !user.createsCredentials {
            let command =
                "twostep credentials link \(Wording.word(user.provider.name)) \(Wording.word(user.username)) "
                + (account.map(Wording.word) ?? "ACCOUNT")
            lines.append("\(user.username) cannot log in to an account yet. Type: \(command)")
        }
        return Report(
            text: lines.joined(separator: "\n"),
            json: .object(user.members + [("replaced", .boolean(change.replaced))]), change: done)
    }
}

extension KeptUser {
    /// The members that every document has which speaks of a user.
    var members: [(String, JSONValue)] {
        provider.members + [
            ("username", .text(username)), ("changed_at", .integer(changedAt)), ("account", .text(account)),
            ("creates_credentials", .boolean(createsCredentials)),
        ]
    }
}
