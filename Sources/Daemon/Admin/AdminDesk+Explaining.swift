import AdminProtocol
import Authentication
import UnixSocket
import Wire

/// What a login would come to, found out in the order in which a login does: the request, the policy, the account, and
/// then the flow.
extension AdminDesk {
    func explain(_ login: SupposedLogin, _ answer: AdminAnswer) {
        withName(login.account, answer) { account in
            let peer = PeerCredentials(uid: login.caller ?? 0, gid: login.caller ?? 0, pid: 0)
            let rule = PeerRule(peer, callers: service.generation.active?.callers ?? [:])
            let request = AdminDesk.request(login, account, rule)
            var now = service.clocks.now()
            if let wall = login.moment {
                // The other clock goes along: what is over by then is over.
                let (ahead, overflow) = wall.subtractingReportingOverflow(now.wall)
                let (milliseconds, isTooFar) = ahead.multipliedReportingOverflow(by: 1000)
                let (boottime, isBeyond) = now.boottime.addingReportingOverflow(milliseconds)
                guard !overflow, !isTooFar, !isBeyond else {
                    return answer.refuse(.badParameter, "That moment is too far away.")
                }
                now = Moment(wall: wall, boottime: boottime, boot: now.boot)
            }
            var explanation = Explanation(
                service: login.service, account: account.text, caller: Explanation.Caller(rule))
            explanation.evidence = AdminDesk.evidence(of: request)
            guard let configuration = service.generation.active else {
                return AdminDesk.end(explanation, .unavailable(.misconfigured), answer)
            }
            guard service.writer.isOpen else {
                return AdminDesk.end(explanation, .unavailable(.storeUnavailable), answer)
            }
            service.complete(request, for: configuration.policy, payer: .uid(0), at: now) { completed in
                guard let completed else {
                    return AdminDesk.end(explanation, .unavailable(.directoryUnavailable), answer)
                }
                self.explain(completed, rule, configuration, now, explanation, answer)
            }
        }
    }

    /// The request as it would be read from a `begin`.
    private static func request(_ login: SupposedLogin, _ account: AccountName, _ rule: PeerRule) -> LoginRequest {
        if case .itself(let uid) = rule { return .ofAccountItself(account, service: login.service, uid: uid) }
        var evidence = Evidence(methods: login.ssh, hasAuthtok: login.hasAuthtok)
        // There is no connection that sshd could be asked about: a key is taken for touched, as an answer is for right.
        evidence.isSecurityKeyCertain = true
        return LoginRequest(
            service: login.service, account: account, remoteHost: login.remoteHost, terminal: login.terminal,
            evidence: evidence, provider: login.provider?.provider)
    }

    /// What outside has proved, in words.
    private static func evidence(of request: LoginRequest) -> [String] {
        var found = request.evidence.methods.filter { Evidence(methods: [$0]).provesFirstFactor }
        if request.evidence.hasAuthtok { found.append("a password taken by a line above") }
        if request.evidence.isAccountItself { found.append("being the account itself") }
        return found
    }

    private func explain(
        _ request: LoginRequest, _ rule: PeerRule, _ configuration: ActiveConfiguration, _ now: Moment,
        _ begun: Explanation, _ answer: AdminAnswer
    ) {
        var explanation = begun
        explanation.rules = configuration.policy.rulesLookedAt(for: request).map {
            Explanation.Rule(line: $0.line, mismatch: $0.mismatch?.rawValue)
        }
        var plan: Plan
        do throws(Policy.Failure) {
            plan = try configuration.policy.plan(for: request, at: now)
        } catch {
            switch error {
            case .unknownProvider(let id):
                return AdminDesk.end(explanation, .badArgument("provider=\(id)"), answer)
            }
        }
        // Only who speaks for the machine itself can show a secret to the person that it is meant for.
        if plan.unenrolled == .enroll, !rule.isRoot { plan.unenrolled = .deny }
        explanation.terms = Explanation.Terms(plan)
        let block = service.writer.blocks[request.account]
        explanation.block = block.map { BlockedAccount($0) }
        plan.isBlocked = block != nil
        let (settled, account, planned) = (explanation, request.account, plan)
        service.directory.ask(for: 0) { directory -> (PeerRule.Admission, Lookup, Bool?) in
            let admission = rule.admission(of: account, service: request.service, in: directory)
            let lookup = directory.account(named: account)
            return switch lookup {
            case .found(let facts): (admission, lookup, directory.isPrivileged(account, facts))
            case .notFound: (admission, lookup, true)
            case .cannotTell: (admission, lookup, nil)
            }
        } then: { found in
            switch found?.0 {
            case .admitted?: break
            case .refused?: return AdminDesk.end(settled, .denied(.notPermitted), answer)
            case .cannotTell?: return AdminDesk.end(settled, .unavailable(.directoryUnavailable), answer)
            // Too late: a login would come as far as its first module.
            case nil: break
            }
            var situation = AccountSituation(standing: Attempt.Standing(found?.1))
            situation.isPrivileged = found?.2
            self.look(up: situation, of: request, planned, configuration.modules, now) { looked in
                guard let looked else { return AdminDesk.end(settled, .unavailable(.storeUnavailable), answer) }
                self.rehearse(request, planned, configuration, looked, now, isRoot: rule.isRoot, settled, answer)
            }
        }
    }

    /// Adds what the store has; nil if that cannot be told.
    private func look(
        up situation: AccountSituation, of request: LoginRequest, _ plan: Plan,
        _ modules: [ModuleID: any AuthModule], _ now: Moment,
        deliver: @escaping (AccountSituation?) -> Void
    ) {
        let host = request.origin == .trusted ? request.remoteHost.flatMap { IPAddress($0)?.counterKey } : nil
        let providers = plan.chains.filter { !$0.speaksOfAccounts }.map(\.provider)
        service.ask { store throws(StoreFailure) -> AccountSituation in
            var situation = situation
            situation.devices = try store.holdings(of: request.account)
            situation.isUpToDate = store.isUpToDate
            for listing in situation.devices {
                guard let module = modules[listing.key.module] as? any EnrollableModule else { continue }
                situation.standings[listing.key] = module.standing(of: listing, store.sealing, at: now)
                if listing.key.module == .bypass, situation.standings[listing.key] == .usable {
                    situation.bypass = AdminDesk.describe(listing, modules, store.sealing).description
                }
            }
            for listing in try store.counters(of: request.account) {
                situation.counters[listing.module] = listing.counter
            }
            if let host { situation.host = try store.hostCounter(of: host) }
            for provider in providers {
                situation.usernames[provider] = try store.userDatabase.username(
                    opening: request.account, at: provider)
            }
            return situation
        } deliver: { result in
            deliver(try? result.get())
        }
    }

    private func rehearse(
        _ request: LoginRequest, _ plan: Plan, _ configuration: ActiveConfiguration, _ situation: AccountSituation,
        _ now: Moment, isRoot: Bool, _ begun: Explanation, _ answer: AdminAnswer
    ) {
        guard isRoot, plan.rememberFor != nil, let terminal = request.terminal else {
            return rehearse(request, plan, configuration, situation, now, [], begun, answer)
        }
        withLivingGrants { grants in
            let near = grants.filter { grant in
                grant.key.account == request.account && grant.key.service == request.service
                    && grant.key.generation == configuration.number
                    && situation.standing == .known(uid: grant.key.uid)
                    && (terminal == grant.key.session.terminal || terminal == "/dev/" + grant.key.session.terminal)
                    && grant.holds(at: now, within: plan.rememberFor ?? 0)
            }
            self.rehearse(request, plan, configuration, situation, now, near, begun, answer)
        }
    }

    private func rehearse(
        _ request: LoginRequest, _ plan: Plan, _ configuration: ActiveConfiguration, _ situation: AccountSituation,
        _ now: Moment, _ grants: [Grant], _ begun: Explanation, _ answer: AdminAnswer
    ) {
        var explanation = begun
        if case .known(let uid) = situation.standing {
            explanation.uid = uid
            explanation.formerUIDs = Set(situation.devices.map(\.uid)).subtracting([uid]).sorted()
        }
        explanation.bypass = situation.bypass
        // Those of modules that are not configured any more hold nobody up.
        explanation.failures = situation.counters.filter { configuration.modules[$0.key] != nil }
            .reduce(0) { $0 + $1.value.failures }
        switch configuration.throttle.standing(of: AccountRecord(counters: situation.counters), at: now) {
        case .open: break
        case .locked: explanation.standing = .locked
        case .delayed(let seconds): (explanation.standing, explanation.delaySeconds) = (.delayed, seconds)
        }
        let rehearsal = Rehearsal(
            request: request, plan: plan, configuration: configuration, situation: situation, now: now
        ) { steps in
            grants.first { $0.key.steps == steps }
        }
        for (index, chain) in plan.chains.enumerated() {
            let ending = rehearsal.perform(choosing: index)
            if let grant = ending.grant { explanation.grant = describe(grant) }
            explanation.ways.append(
                Explanation.Way(
                    provider: ProviderReference(chain.provider), isChosen: plan.chains.count > 1,
                    asksFirst: !chain.livesOnEvidence, owed: AdminDesk.held(chain.steps, configuration, situation),
                    asked: ending.steps, answered: ending.answered.map { ModuleReference($0) },
                    ending: AdminDesk.ending(ending)))
        }
        guard !plan.chains.isEmpty else {
            return AdminDesk.end(explanation, rehearsal.perform(choosing: 0).verdict, answer)
        }
        answer(.explained(explanation))
    }

    private static func held(
        _ steps: [Step], _ configuration: ActiveConfiguration, _ situation: AccountSituation
    ) -> [[Explanation.Held]] {
        steps.map { step in
            step.alternatives.map { id in
                let isEnrollable = configuration.modules[id] is any EnrollableModule
                return Explanation.Held(
                    module: ModuleReference(id),
                    devices: isEnrollable ? situation.devices.count { $0.key.module == id } : nil,
                    standing: situation.standing(with: id).flatMap { Explanation.Held.Standing($0) })
            }
        }
    }

    /// Ends where a login would end before its flow.
    private static func end(_ begun: Explanation, _ verdict: Verdict, _ answer: AdminAnswer) {
        var explanation = begun
        explanation.ending = ending(Rehearsal.Ending(verdict: verdict))
        answer(.explained(explanation))
    }

    /// An end in the words of the journal.
    private static func ending(_ ending: Rehearsal.Ending) -> Explanation.Ending {
        var record = LoginRecord(verdict: ending.verdict, peer: 0, generation: 0)
        record.waiver = ending.waiver
        record.isFirstFactorWaived = ending.isFirstFactorWaived
        record.isInsecure = ending.isInsecure
        record.hasEnrolled = ending.hasEnrolled
        record.usesBypass = ending.usesBypass
        var delay: Int64?
        if case .triesUsedUp(.delayed(let seconds)) = ending.verdict { delay = seconds }
        return Explanation.Ending(
            result: record.result, reason: ending.isBlocked ? Reason.blocked.description : record.reason,
            code: VerdictCode(ending.verdict).nameInPAM,
            delaySeconds: delay)
    }
}

extension Explanation.Caller {
    fileprivate init(_ rule: PeerRule) {
        switch rule {
        case .root: self = .root
        case .listed: self = .listed
        case .itself, .nobody: self = .user
        }
    }
}

extension Explanation.Held.Standing {
    /// Nil for what is as it should be.
    fileprivate init?(_ standing: DeviceStanding) {
        switch standing {
        case .usable: return nil
        case .usedUp: self = .usedUp
        case .damaged: self = .damaged
        }
    }
}

extension Explanation.Terms {
    fileprivate init(_ plan: Plan) {
        self.init(
            rule: plan.ruleLine, isExempt: plan.isExempt, isFirstFactorWaived: plan.isFirstFactorWaived,
            unenrolled: plan.unenrolled.rawValue, rememberSeconds: plan.rememberFor.map { $0 / 1000 },
            tries: plan.tries, sessionSeconds: plan.sessionLifetime / 1000, codeDigits: plan.single?.codeDigits,
            securityKey: plan.countedKey)
    }
}
