import Authentication
import UnixSocket
import Wire

/// The stages of pam_sm_chauthtok: a further device, for the account that an application of root's names.
extension LoginHandler {
    /// PAM_CHANGE_EXPIRED_AUTHTOK (pam_chauthtok(3)): only what is too old is to be changed.
    private static let onlyExpired: UInt32 = 0x20

    /// Checks whether there may be a change (`isCheck`, which writes nothing), or makes it.
    ///
    /// Why there can be none is said by the check alone: where the line is optional, both stages are run.
    func change(_ request: LoginRequest, _ rule: PeerRule, flags: UInt32, isCheck: Bool) {
        guard rule.isRoot else { return finish(.denied, text: Texts.changeNotOffered) }
        // No device grows too old.
        guard flags & LoginHandler.onlyExpired == 0 else { return finish(.granted, text: "") }
        guard let configuration = service.generation.active else {
            return refuse(.unavailable(.misconfigured), request: request)
        }
        service.prepareChange(
            of: request.account, for: peer.uid, settingUp: true, asksFirst: true, configuration
        ) { prepared in
            guard !self.isClosing else { return }
            switch prepared {
            case .failure(let refusal) where isCheck:
                self.service.ended(.ofChange(refusal.verdict, request, peer: self.peer.uid, configuration.number))
                self.finish(VerdictCode(ofChange: refusal.verdict), text: refusal.text(for: request.account))
            case .failure(let refusal): self.finish(VerdictCode(ofChange: refusal.verdict), text: "")
            case .success where isCheck: self.finish(.granted, text: "")
            case .success(let prepared): self.converse(prepared, request, configuration)
            }
        }
    }

    private func converse(_ prepared: PreparedChange, _ request: LoginRequest, _ configuration: ActiveConfiguration) {
        let conversation = LoginConversation(
            request, plan: prepared.plan, isRoot: true, peer: peer.uid, terminalSession: nil,
            configuration: configuration, service: service, port: self, change: prepared.change)
        self.conversation = conversation
        conversation.begin(knownStanding: .known(uid: prepared.uid))
    }
}

extension LoginRecord {
    /// A change that was refused before anything was asked.
    static func ofChange(_ verdict: Verdict, _ request: LoginRequest, peer: UInt32, _ generation: Int) -> LoginRecord {
        var record = LoginRecord(verdict: verdict, peer: peer, generation: generation)
        record.request = request
        record.isChange = true
        return record
    }
}
