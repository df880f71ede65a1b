import AdminProtocol
import Authentication
import Wire

/// Where the conversation that proves something asks and ends.
extension OwnerVisit: LoginPort {
    func prompt(_ style: PromptStyle, patience: UInt16, text: String) {
        guard style.isQuestion else { return }
        reply(.question(ProofQuestion(text: text, isHidden: style != .visible)))
    }

    /// Nothing is shown before it is proved: what is set up here is set up by requests of its own.
    func prompt(_ style: PromptStyle, patience: UInt16, showing text: borrowing PromptText) { hangUp() }

    func setEnvironment(_ name: String, _ value: String) {}

    func setPassword(prefix: UInt16) {}

    func finish(_ code: VerdictCode, text: String) { ended(code, text) }
}

extension AdminRefusal {
    /// Why there is no change, with what can be done about it.
    init(_ refusal: ChangeRefusal, about account: AccountName) {
        let kind: Kind
        var hint: String?
        switch refusal {
        case .notOffered, .unprovable:
            kind = .notPermitted
            hint = OwnerVisit.remedy(account)
        case .noTicket, .noTicketForStep: kind = .notProved
        case .blocked: kind = .notPermitted
        case .tooMany: kind = .tooManyDevices
        case .unknownAccount: kind = .unknownAccount
        case .accountChanged, .directoryUnavailable, .storeUnavailable: kind = .storeUnavailable
        }
        self.init(kind, refusal.text(for: account), hint: hint)
    }

    /// Why there is no proof.
    init(proofEnded verdict: Verdict?, _ text: String) {
        let kind: Kind =
            switch verdict {
            case .triesUsedUp(.delayed), .triesUsedUp(.locked): .throttled
            case .unavailable, .badArgument: .busy
            case .denied, .triesUsedUp, .conversationFailed, .granted, .exempt, .skipped, .proved, .declined, nil:
                .wrongCode
            }
        self.init(kind, text.isEmpty ? Texts.refused : text)
    }
}
