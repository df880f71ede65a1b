import Authentication
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
                // On everything but blocks there is no opinion, so nothing is to be found out there.
                if stage == .account { return self.checkAccount(request, rule) }
                self.admit(request, rule, from: host)
            case .success:
                self.refuse(.denied(.notPermitted), request: request)
                relayed.dismiss("its certificate was revoked")
            }
        }
    }

    /// Ends a login that nothing was asked about, without a verdict: its host takes it to another hub, whose store is there perhaps.
    private func leaveToOthers(_ request: LoginRequest) {
        var record = LoginRecord(
            verdict: .unavailable(.storeUnavailable), peer: peer.uid, generation: service.generation.number)
        record.request = request
        record.relay = relayed?.host.name
        record.hint = "its host may ask another hub"
        service.ended(record)
        close()
    }

    private func admit(_ request: LoginRequest, _ rule: PeerRule, from host: FleetHost) {
        guard host.mayAsk(for: request.service) else { return refuse(.denied(.notPermitted), request: request) }
        let account = request.account
        lookUp = service.directory.ask(for: lookUpPayer) {
            host.admission(of: account, in: $0)
        } then: { admission in
            self.lookUp = nil
            guard !self.isClosing else { return }
            switch admission {
            case .admitted(let facts): self.proceed(request, rule, facts)
            case .refused: self.refuse(.denied(.notPermitted), request: request)
            case .cannotTell, nil: self.refuse(.unavailable(.directoryUnavailable), request: request)
            }
        }
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
