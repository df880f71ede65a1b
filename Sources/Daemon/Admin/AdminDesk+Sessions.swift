import AdminProtocol
import Authentication

/// The logins that wait for an answer.
extension AdminDesk {
    /// How many sessions a page has: with the longest names far from the longest reply there may be.
    private static let sessionsAPage = 100

    /// Lists those that are open now, the longest to live first; or those whose ids are after one, by their ids.
    func listSessions(after id: String?, _ answer: AdminAnswer) {
        let now = service.clocks.now()
        guard let id else {
            let open = service.openSessions.sorted { $0.session.deadline > $1.session.deadline }
            return answer(.sessions(SessionListing(sessions: open.map { describe($0, at: now) })))
        }
        let place = SessionPrefix.id(id)
        guard place != nil || id.isEmpty else {
            return answer.refuse(.badParameter, "'\(JournalEntry.printable(id))' is no session's id.")
        }
        let behind = service.openSessions.filter { open in
            place.map { ($0.high, $0.low) < (open.session.id.high, open.session.id.low) } ?? true
        }.sorted { ($0.session.id.high, $0.session.id.low) < ($1.session.id.high, $1.session.id.low) }
        let page = behind.prefix(AdminDesk.sessionsAPage)
        let last = page.count < behind.count ? page.last : nil
        answer(
            .sessions(
                SessionListing(
                    sessions: page.map { describe($0, at: now) },
                    next: last.map { SessionPrefix.text(of: $0.session.id) })))
    }

    func endSession(_ typed: String, _ answer: AdminAnswer) {
        guard let prefix = SessionPrefix(typed) else {
            return answer.refuse(
                .badParameter, "'\(JournalEntry.printable(typed))' is no session's id.",
                hint: "An id has 32 hexadecimal digits; its first \(SessionPrefix.shortest) or more will do.")
        }
        let open = service.openSessions
        let fitting = prefix.fitting(open.map(\.session.id))
        guard fitting.count < 2 else {
            let ids = fitting.map(SessionPrefix.text).joined(separator: ", ")
            return answer.refuse(
                .unknownSession, "Several sessions begin with '\(prefix.digits)'.", hint: "Type more of one of: \(ids)")
        }
        let now = service.clocks.now()
        let found = open.first { fitting.contains($0.session.id) }
        // What is to be told of it is gone with it.
        let described = found.map { describe($0, at: now) }
        guard let found, let described, service.endSession(found.session.id) else {
            return answer.refuse(
                .unknownSession, "No session that begins with '\(prefix.digits)' is open.",
                hint: "It may be over by now. See: twostep sessions")
        }
        service.journal.notice("session ended user=\"\(found.session.account)\" service=\(found.request.service)")
        answer(.sessionEnded(described))
    }

    private func describe(_ open: OpenSession, at now: Moment) -> WaitingSession {
        let session = current(open.session, at: now)
        let (left, overflow) = session.deadline.subtractingReportingOverflow(now.boottime)
        let milliseconds = overflow ? 0 : max(left, 0)
        return WaitingSession(
            id: SessionPrefix.text(of: session.id), account: session.account.text,
            provider: ProviderReference(session.provider),
            modules: session.step.alternatives.map { ModuleReference($0) }, service: open.request.service,
            remoteHost: open.request.remoteHost, peer: open.peer,
            // A second that has begun counts: at the deadline an answer is still in time.
            secondsLeft: milliseconds / 1000 + (milliseconds % 1000 > 0 ? 1 : 0), triesLeft: session.triesLeft)
    }

    /// A session as the table has it, which counts the tries; one that is over is for its login to find out.
    private func current(_ session: ValidationSession, at now: Moment) -> ValidationSession {
        guard !session.isExpired(at: now) else { return session }
        do throws(SessionTable.Failure) {
            return try service.sessions.check(session.id, account: session.account, step: session.step, at: now)
        } catch {
            return session
        }
    }
}
