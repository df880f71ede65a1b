/// What sort of thing a module decides, as far as our own line is concerned.
enum ModuleKind: Sendable {
    case ours
    /// pam_permit: always succeeds.
    case permit
    /// pam_deny: always fails.
    case deny
    /// pam_rootok: succeeds for processes of root.
    case rootProcess
    /// Looks at who, when or where, and at nothing that anybody has or knows.
    case condition
    /// Prepares something, or lets nobody in: its success is not about who somebody is.
    case bystander
    /// A password, a finger, a token: a factor. Whatever is not known is taken for one.
    case factor

    init(_ module: String) {
        switch module {
        case "pam_twostep.so": self = .ours
        case "pam_permit.so": self = .permit
        case "pam_deny.so": self = .deny
        case "pam_rootok.so": self = .rootProcess
        case _ where ModuleKind.conditions.contains(module): self = .condition
        case _ where ModuleKind.bystanders.contains(module): self = .bystander
        case _: self = .factor
        }
    }

    var isFactor: Bool { self == .factor }
    var isDeny: Bool { self == .deny }

    private static let conditions: Set<String> = [
        "pam_access.so", "pam_exec.so", "pam_group.so", "pam_listfile.so", "pam_localuser.so", "pam_rhosts.so",
        "pam_securetty.so", "pam_shells.so", "pam_succeed_if.so", "pam_time.so", "pam_timestamp.so",
        "pam_usertype.so", "pam_wheel.so",
    ]

    private static let bystanders: Set<String> = [
        "pam_cap.so", "pam_ck_connector.so", "pam_debug.so", "pam_echo.so", "pam_ecryptfs.so", "pam_env.so",
        "pam_faildelay.so", "pam_faillock.so", "pam_gnome_keyring.so", "pam_issue.so", "pam_keyinit.so",
        "pam_kwallet.so", "pam_kwallet5.so", "pam_lastlog.so", "pam_limits.so", "pam_loginuid.so", "pam_mail.so",
        "pam_mkhomedir.so", "pam_motd.so", "pam_mount.so", "pam_namespace.so", "pam_nologin.so",
        "pam_oddjob_mkhomedir.so", "pam_selinux.so", "pam_sepermit.so", "pam_setquota.so", "pam_systemd.so",
        "pam_tally.so", "pam_tally2.so", "pam_tty_audit.so", "pam_umask.so", "pam_warn.so", "pam_xauth.so",
    ]

    /// What such a module may come to, as far as it makes a difference here.
    var results: [PAMResult] {
        switch self {
        case .permit: [.success]
        case .deny: [.authenticationError]
        case .rootProcess: [.success, .authenticationError]
        case .condition, .bystander:
            [
                .success, .ignore, .authenticationError, .permissionDenied, .userUnknown, .serviceError,
                .informationUnavailable,
            ]
        case .factor:
            [
                .success, .authenticationError, .userUnknown, .informationUnavailable, .maximumTries,
                .permissionDenied, .accountExpired, .conversationError, .serviceError, .credentialsInsufficient,
            ]
        case .ours:
            [
                .success, .ignore, .authenticationError, .maximumTries, .informationUnavailable, .conversationError,
                .serviceError, .systemError, .permissionDenied, .userUnknown, .moduleUnknown, .abort, .bufferError,
            ]
        }
    }
}
