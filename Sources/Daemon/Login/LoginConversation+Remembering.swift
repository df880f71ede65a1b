import Authentication

/// What is remembered of a login, and told of the one before.
extension LoginConversation {
    /// The login that an answer to the last step completes, if people are to be told of it the next time.
    var completedVisit: Visit? {
        guard configuration.tellsLastLogin, flow.plan.purpose == .login, request.origin == .trusted,
            case .judging(.step(let index), let progress) = flow.state, index == progress.chain.steps.count - 1
        else { return nil }
        return Visit(
            at: service.clocks.now().wall, service: request.service, host: request.remoteHost, way: .granted)
    }

    /// Tells of the login before this one, and of the wrong answers since; those of this login the person knows of.
    func tellLastLogin(_ acceptance: Acceptance) {
        guard completedVisit != nil else { return }
        isVisitStored = true
        let now = service.clocks.now().wall
        let failures = max(acceptance.failuresBefore - rejected.count, 0)
        let notice = LastLogin.notice(acceptance.lastVisit, failures: failures) { LastLogin.moment($0, now: now) }
        if let notice { notices.append(notice) }
    }

    /// Has remembered how the login of an account that exists has ended, once that is known.
    func note() {
        if record.verdict == .granted, isVisitStored { return }
        let isKnown = if case .known = standing { true } else { false }
        service.note(record, isOfAccount: isKnown)
    }

    /// Has looked whether the last wrong answer is one of another time.
    func diagnoseSuspect() {
        guard let (input, module) = suspect, ![.granted, .proved].contains(record.verdict) else { return }
        suspect = nil
        let uid: UInt32?
        switch flow.plan.isBlocked ? standing?.ofNobody : standing {
        case .known(let own): uid = own
        case .unknown: uid = nil
        case .cannotTell, nil: return
        }
        // Who has proved nothing gets no work done beyond what a login takes.
        guard !record.isFirstFactorWaived else { return }
        service.diagnose(input, by: module, of: request, uid: uid)
    }
}
