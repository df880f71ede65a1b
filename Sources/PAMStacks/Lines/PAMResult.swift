/// What a module may return (pam(3)), by the word that a control has for it; in the order of libpam's numbers.
package enum PAMResult: String, CaseIterable, Sendable {
    case success
    case openError = "open_err"
    case symbolError = "symbol_err"
    case serviceError = "service_err"
    case systemError = "system_err"
    case bufferError = "buf_err"
    case permissionDenied = "perm_denied"
    case authenticationError = "auth_err"
    case credentialsInsufficient = "cred_insufficient"
    case informationUnavailable = "authinfo_unavail"
    case userUnknown = "user_unknown"
    case maximumTries = "maxtries"
    case newTokenRequired = "new_authtok_reqd"
    case accountExpired = "acct_expired"
    case sessionError = "session_err"
    case credentialsUnavailable = "cred_unavail"
    case credentialsExpired = "cred_expired"
    case credentialsError = "cred_err"
    case noModuleData = "no_module_data"
    case conversationError = "conv_err"
    case tokenError = "authtok_err"
    case tokenRecoveryError = "authtok_recover_err"
    case tokenLockBusy = "authtok_lock_busy"
    case tokenDisableAging = "authtok_disable_aging"
    case tryAgain = "try_again"
    case ignore
    case abort
    case tokenExpired = "authtok_expired"
    case moduleUnknown = "module_unknown"
    case badItem = "bad_item"
    case conversationAgain = "conv_again"
    case incomplete
}
