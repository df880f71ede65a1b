import Authentication
import Cryptography
import UnixSocket
import Wire

/// A login that a host of the fleet relays: the hub's own rules first, then the way of every other.
extension LoginHandler {
    /// Looks whether the host may ask this, by what the register says of its certificate now, and goes on.
    func admitRelayed(_ request: LoginRequest, _ rule: PeerRule, at stage: Stage) {
        guard let relayed else { return malformed() }
        switch stage {
        case .changeCheck, .changeUpdate: return finish(.denied, text: Texts.changeNotOffered)
        case .authenticate, .account: break
        }
        inquiry = service.register.ask(relayed.host.serial) { found in
            self.inquiry = nil
            guard !self.isClosing else { return }
            switch found {
            case .failure: self.leaveToOthers(request)
            case .success(let host?) where host.revokedAt == nil:
                guard stage == .account else { return self.admit(request, rule, from: host) }
                self.checkAccount(request, rule, from: host)
            case .success:
                self.refuse(.denied(.notPermitted), request: request)
                relayed.dismiss("its certificate was revoked")
            }
        }
    }

    /// Ends a login that nothing was asked about, without a verdict: its host takes it to another hub, whose store is there perhaps.
    private func leaveToOthers(_ request: LoginRequest) {
        record(.unavailable(.storeUnavailable), request: request, hint: "its host may ask another hub")
        close()
    }

    /// Of whatever its rules do not let a host ask for there is no opinion, blocked or not.
    private func checkAccount(_ request: LoginRequest, _ rule: PeerRule, from host: FleetHost) {
        let hasBlocks = !service.writer.isOpen || !service.writer.blocks.isEmpty
        guard rule.isRoot, hasBlocks else { return checkAccount(request, rule) }
        guard host.mayAsk(for: request.service) else { return finish(.noOpinion, text: "") }
        ask(for: request, from: host) { admission in
            switch admission {
            case .admitted: self.checkAccount(request, rule)
            case .refused: self.finish(.noOpinion, text: "")
            case .cannotTell, nil: self.refuse(.unavailable(.directoryUnavailable), request: request)
            }
        }
    }

    private func admit(_ request: LoginRequest, _ rule: PeerRule, from host: FleetHost) {
        guard host.mayAsk(for: request.service) else { return refuse(.denied(.notPermitted), request: request) }
        ask(for: request, from: host) { admission in
            switch admission {
            case .admitted(let facts): self.proceed(request, rule, facts)
            case .refused: self.turnAway(request, rule)
            case .cannotTell, nil: self.refuse(.unavailable(.directoryUnavailable), request: request)
            }
        }
    }

    /// Finds out whether the host may ask about the account.
    private func ask(
        for request: LoginRequest, from host: FleetHost, then report: @escaping (FleetHost.Admission?) -> Void
    ) {
        let account = request.account
        lookUp = service.directory.ask(for: lookUpPayer) {
            host.admission(of: account, in: $0)
        } then: { admission in
            self.lookUp = nil
            guard !self.isClosing else { return }
            report(admission)
        }
    }

    /// Whoever its rules do not mean is asked and refused as a name that nobody has is, or everybody at a host's door could tell who is in
    /// a group.
    private func turnAway(_ request: LoginRequest, _ rule: PeerRule) {
        // Other callers hear of nobody who is not known, and of themselves alone.
        guard rule.isRoot, let nobody = LoginHandler.nobody(for: request.account) else {
            return refuse(.denied(.notPermitted), request: request)
        }
        relayed?.outsider = request.account
        var request = request
        request.account = nobody
        authenticate(request, rule)
    }

    /// A name for somebody whom the host may not ask about, of his own and the same at all hubs: what is failed for one of them delays no
    /// other, as it is with names that nobody has. Were it somebody's, nobody would be let in by it.
    private static func nobody(for account: AccountName) -> AccountName? {
        let bytes = Array(account.text.utf8)
        guard let digest = try? sha256(bytes.span) else { return nil }
        return AccountName("outside-of-the-rule-\(digest)")
    }

    private func proceed(_ request: LoginRequest, _ rule: PeerRule, _ facts: AccountFacts?) {
        var request = request
        switch rule {
        case .root: break
        case .itself:
            guard let facts, facts.uid != 0 else { return refuse(.denied(.notPermitted), request: request) }
            request.origin = .accountItself(uid: facts.uid)
            relayedStanding = .known(uid: facts.uid)
        case .listed:
            // As for callers of this machine: never for uid 0's account, and for nobody who is not known.
            guard let facts, facts.uid != 0 else { return refuse(.denied(.notPermitted), request: request) }
            relayedStanding = .known(uid: facts.uid)
        case .nobody: return refuse(.denied(.notPermitted), request: request)
        }
        authenticate(request, rule)
    }
}
