import Authentication
import Cryptography

/// The validation sessions that are open, and the logins that have them.
extension LoginService {
    /// Opens a validation session for a step; fails if the table is full or there is no randomness.
    func openSession(
        account: AccountName, provider: ProviderID, step: Step, plan: Plan, isRoot: Bool
    ) -> Result<ValidationSession, SessionRefusal> {
        let id: ValidationSession.ID
        do throws(CryptographyFailure) {
            id = try sessionIDs.next()
        } catch {
            journal.error("no random bytes for a session: \(error)")
            return .failure(.noRandomness)
        }
        let session = ValidationSession(
            id: id, account: account, provider: provider, step: step,
            deadline: clocks.now().boottime + plan.sessionLifetime, triesLeft: plan.tries)
        do throws(SessionTable.Failure) {
            try sessions.open(session, isRoot: isRoot)
            return .success(session)
        } catch {
            return .failure(.full)
        }
    }

    /// The validation sessions that are open, with what is to be known of them.
    var openSessions: [OpenSession] {
        connections.handlers.compactMap(\.openSession) + visits.handlers.compactMap(\.openSession)
    }

    /// Ends the login that has this session; returns whether there was one.
    func endSession(_ id: ValidationSession.ID) -> Bool {
        if let handler = connections.handlers.first(where: { $0.openSession?.session.id == id }) {
            handler.endSession()
            return true
        }
        guard let visit = visits.handlers.first(where: { $0.openSession?.session.id == id }) else { return false }
        visit.end(.sessionEnded)
        return true
    }

    /// Ends the logins of an account that are under way.
    func endLogins(of account: AccountName, _ reason: Reason) {
        for handler in connections.handlers { handler.end(loginOf: account, reason) }
        for visit in visits.handlers where visit.account == account { visit.end(reason) }
    }

    /// Ends the logins under way that a user of a provider has proved: they are no more, or it was with another password.
    func endLogins(provedBy user: UserKey) {
        for handler in connections.handlers { handler.end(loginProvedBy: user, .sessionEnded) }
    }

    /// Goes along with what other daemons' administrators have changed in a shared store: as after a change of one's own.
    func follow(_ changes: StoreChanges) {
        forgetCredentials()
        grants.revoke { changes.isEverything || changes.accounts.contains($0.key.account) }
        for account in changes.accounts { forgetProofs(of: account) }
        for account in writer.blocks.keys { endLogins(of: account, .blocked) }
    }

    /// Ends what the owner of an account is proving, or has proved, in order to change its devices.
    func forgetProofs(of account: AccountName) {
        for visit in visits.handlers where visit.account == account { visit.forgetProof() }
    }
}
