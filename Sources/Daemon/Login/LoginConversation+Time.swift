import Authentication

/// How long the person, and whatever works on an answer, may take.
extension LoginConversation {
    /// Whether the open session may still be answered; if not, the login has ended.
    func checkSession() -> Bool {
        guard let open = session else {
            violated()
            return false
        }
        do throws(SessionTable.Failure) {
            session = try service.sessions.check(
                open.id, account: open.account, step: open.step, at: service.clocks.now())
            return true
        } catch {
            end(error == .expired ? flow.expired() : flow.refused(.sessionUnknown))
            return false
        }
    }

    func startProviderClock() {
        if providerDeadline == 0 { providerDeadline = service.clocks.now().boottime + flow.plan.sessionLifetime }
    }

    /// Whether the provider's form or menu may still be answered.
    func isInTime() -> Bool { service.clocks.now().boottime <= providerDeadline }

    /// The sweep: ends the login if the person, or whatever works on an answer, has taken too long.
    func sweep(at now: Moment) {
        switch expectation {
        case .provider, .alternative, .form, .acknowledgement, .ticket, .consent:
            guard session?.isExpired(at: now) ?? (now.boottime > providerDeadline) else { return }
            end(flow.expired())
        case .nothing:
            guard now.boottime - lastHeard > LoginConversation.workLimit + Int64(waitingTime) * 1000 else { return }
            // What it says later applies to nothing any more.
            failed(session == nil ? .providerFailed : .moduleFailed)
        }
    }
}
