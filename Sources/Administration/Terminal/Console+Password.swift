import AdminProtocol
import Authentication

extension Console {
    /// A new password as the secret part of a request: typed twice without being shown, or one line of standard input.
    ///
    /// What the two must be is for the daemon to say, but for whether they are the same.
    func newPassword(of user: String, fromInput: Bool) throws(CommandFailure) -> SecretFields {
        let otherwise = "Nothing was changed."
        guard fromInput || inputIsTerminal else {
            throw CommandFailure(
                .usage, code: .usage, "Nobody can be asked for a password. \(otherwise)",
                hint: "Pass it on standard input, in one line, and say --password-stdin.")
        }
        guard !fromInput else { return try Self.alone(try hidden(nil, otherwise)) }
        for triesLeft in (0..<3).reversed() {
            let first = SharedSecret(try hidden("New password of \(user): ", otherwise))
            let second = SharedSecret(try hidden("The same again: ", otherwise))
            if Self.isSame(first.secret, second.secret) { return try Self.alone(first.secret) }
            if triesLeft > 0 { try say("The two differ.", on: .errors) }
        }
        throw CommandFailure(.refused, code: .unacceptable, "The two differ. \(otherwise)")
    }

    private func hidden(_ question: String?, _ otherwise: String) throws(CommandFailure) -> Secret {
        guard let line = try ask(question ?? "", otherwise: otherwise, isHidden: true) else {
            throw CommandFailure(.refused, code: .abandoned, "No password was given. \(otherwise)")
        }
        return line
    }

    private static func alone(_ password: borrowing Secret) throws(CommandFailure) -> SecretFields {
        var secrets = SecretFields()
        do throws(AdminProtocolError) {
            try secrets.append(password)
        } catch {
            throw CommandFailure(AdminRefusal(error))
        }
        return secrets
    }

    /// Both were typed by the same person a moment ago: how long it takes tells nobody anything.
    private static func isSame(_ first: borrowing Secret, _ second: borrowing Secret) -> Bool {
        guard first.count == second.count else { return false }
        return first.withBytes { mine in
            second.withBytes { theirs in mine.indices.allSatisfy { mine[$0] == theirs[$0] } }
        }
    }
}
