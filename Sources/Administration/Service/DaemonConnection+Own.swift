import AdminProtocol
import Authentication

/// What a user asks about the own account, over self.sock.
extension DaemonConnection {
    /// Sends a request and returns the answer to it; a refusal is thrown.
    borrowing func ask(
        own request: SelfServiceRequest, secrets: borrowing SecretFields = SecretFields()
    ) throws(CommandFailure) -> Answer {
        try send(request, secrets: secrets)
    }

    /// Hands in the answer to the form of the set-up that was begun.
    borrowing func finishEnrollment(
        _ secrets: borrowing SecretFields = SecretFields()
    ) throws(CommandFailure) -> Answer {
        switch door {
        // A program may take a minute over it, and a key waits half of one to be touched.
        case .administration: try ask(.finishEnrollment, secrets: secrets, longer: 65_000)
        case .own: try ask(own: .finishEnrollment, secrets: secrets)
        }
    }

    /// Has the person prove that the account is theirs, by an answer of something that it has or by a ticket.
    ///
    /// `otherwise` tells a person who leaves what was not done.
    borrowing func prove(on console: any Console, otherwise: String) throws(CommandFailure) -> OwnProof {
        console.holdInterrupts()
        var answer = try ask(own: .prove)
        while case .question(let question) = answer.reply {
            guard let typed = try console.ask(question.text, otherwise: otherwise, isHidden: question.isHidden) else {
                throw CommandFailure(.refused, code: .abandoned, "No answer was given. \(otherwise)")
            }
            var secrets = SecretFields()
            do throws(AdminProtocolError) {
                try secrets.append(typed)
            } catch {
                throw CommandFailure(AdminRefusal(error))
            }
            answer = try ask(own: .answer, secrets: secrets)
        }
        guard case .proved(let proof) = answer.reply else { throw misplaced() }
        if !proof.notice.isEmpty { try console.say(proof.notice, on: .errors) }
        return proof
    }
}

extension AdministrationWorld {
    /// Whether a command is about the devices of whoever has typed it: not root, and nobody else is named.
    func isAboutOneself(_ user: String?) -> Bool {
        guard !accounts.isPrivileged else { return false }
        guard let user else { return true }
        do throws(SystemAccountsFailure) {
            return try accounts.uid(ofUser: user) == accounts.ownUID
        } catch {
            return false
        }
    }
}
