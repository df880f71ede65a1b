import Authentication
import Wire

extension VerdictCode {
    /// The code that a verdict travels as.
    init(_ verdict: Verdict) {
        switch verdict {
        case .granted: self = .granted
        // The module has one word for both; the journal has two.
        case .exempt, .skipped: self = .exempt
        case .denied: self = .denied
        case .triesUsedUp: self = .triesUsedUp
        case .unavailable: self = .unavailable
        case .conversationFailed: self = .conversationFailed
        case .badArgument: self = .badArgument
        // A change of devices lets nobody in.
        case .proved, .declined: self = .denied
        }
    }

    /// The code that a verdict on a change of devices travels as (pam_sm_chauthtok): nothing stands against what the
    /// application does.
    init(ofChange verdict: Verdict) {
        switch verdict {
        case .proved, .declined: self = .granted
        // Nor does a login change any.
        case .granted, .exempt, .skipped: self = .denied
        case .denied, .triesUsedUp, .unavailable, .conversationFailed, .badArgument: self.init(verdict)
        }
    }

    /// What pam_sm_authenticate returns for it (pam(3)).
    var nameInPAM: String {
        switch self {
        case .granted: "PAM_SUCCESS"
        case .exempt: "PAM_IGNORE"
        case .denied: "PAM_AUTH_ERR"
        case .triesUsedUp: "PAM_MAXTRIES"
        case .unavailable, .noOpinion: "PAM_AUTHINFO_UNAVAIL"
        case .conversationFailed: "PAM_CONV_ERR"
        case .badArgument: "PAM_SERVICE_ERR"
        case .blocked: "PAM_PERM_DENIED"
        }
    }
}
