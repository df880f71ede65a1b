import CPAM
import Wire

/// How a conversation with the daemon ended.
enum Ending {
    /// The daemon said so.
    case verdict(VerdictCode)
    /// The application could not ask, or nobody answered.
    case conversationFailed
    /// The name to be logged in can be no account's, or is no longer the one that was asked about.
    case wrongUser(WrongUser)
    /// The daemon could not be reached, trusted or understood.
    case unreachable(WireError)
    /// The daemon did what it may not.
    case overstepped(Overstep)
    /// libpam refused to take what the daemon set.
    case refusedByPAM
    /// The PAM line says what the module does not accept.
    case badArgument
    /// PAM_SERVICE is empty, longer than 64 bytes, or not printable.
    case badService
}

/// What is wrong with the name.
enum WrongUser {
    /// Empty, longer than 256 bytes, or not printable.
    case noName
    /// PAM_USER has changed since the daemon was asked.
    case changed
}

/// What a daemon may not do to the host process.
enum Overstep {
    /// A 33rd question.
    case tooManyPrompts
    /// A 17th message between two questions.
    case tooManyMessages
    /// A 17th `set`.
    case tooManySets
    /// `set` of a variable that is not `TWOSTEP_…`, or of a value that is not printable.
    case environment
    /// `set` of a token that was not typed.
    case authtok
    /// A frame that the daemon sent before it had the answer that it asked for.
    case outOfTurn
}

/// What libpam is told. This is the one place that turns a verdict into a success or into PAM_IGNORE.
func status(of ending: Ending, at stage: Stage, exemptIsSuccess: Bool) -> CInt {
    switch ending {
    case .verdict(let code):
        switch permission(of: code, at: stage, exemptIsSuccess: exemptIsSuccess) {
        case .success: PAM_SUCCESS
        case .passedOver: PAM_IGNORE
        case .refused(let refusal): refusal
        }
    case .conversationFailed: PAM_CONV_ERR
    case .wrongUser: denial(at: stage)
    case .unreachable, .overstepped, .refusedByPAM: PAM_AUTHINFO_UNAVAIL
    case .badArgument, .badService: PAM_SERVICE_ERR
    }
}

/// What a verdict comes to at a stage.
enum Permission {
    /// PAM_SUCCESS.
    case success
    /// PAM_IGNORE: the stack goes on as if this line were not there.
    case passedOver
    /// This code.
    case refused(CInt)
}

/// A code that does not belong to the stage is no verdict at all.
func permission(of code: VerdictCode, at stage: Stage, exemptIsSuccess: Bool) -> Permission {
    switch (code, stage) {
    case (.granted, .authenticate), (.granted, .changeCheck), (.granted, .changeUpdate): .success
    case (.granted, .account): .refused(PAM_AUTHINFO_UNAVAIL)
    case (.exempt, .authenticate): exemptIsSuccess ? .success : .passedOver
    case (.exempt, .account), (.exempt, .changeCheck), (.exempt, .changeUpdate): .refused(PAM_AUTHINFO_UNAVAIL)
    case (.denied, _): .refused(denial(at: stage))
    case (.triesUsedUp, .authenticate), (.triesUsedUp, .account): .refused(PAM_MAXTRIES)
    case (.triesUsedUp, .changeCheck), (.triesUsedUp, .changeUpdate): .refused(denial(at: stage))
    case (.unavailable, _): .refused(PAM_AUTHINFO_UNAVAIL)
    case (.conversationFailed, _): .refused(PAM_CONV_ERR)
    case (.badArgument, _): .refused(PAM_SERVICE_ERR)
    case (.noOpinion, .account): .passedOver
    case (.noOpinion, .authenticate), (.noOpinion, .changeCheck), (.noOpinion, .changeUpdate):
        .refused(PAM_AUTHINFO_UNAVAIL)
    case (.blocked, .account): .refused(PAM_PERM_DENIED)
    case (.blocked, .authenticate), (.blocked, .changeCheck), (.blocked, .changeUpdate):
        .refused(PAM_AUTHINFO_UNAVAIL)
    }
}

/// pam_chauthtok(3) has a word of its own for "no".
private func denial(at stage: Stage) -> CInt {
    switch stage {
    case .authenticate, .account: PAM_AUTH_ERR
    case .changeCheck, .changeUpdate: PAM_AUTHTOK_ERR
    }
}
