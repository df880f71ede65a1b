import CPAM
import PAMModule
import Wire

// `@implementation` holds these to <security/pam_modules.h>: a wrong parameter does not compile.

/// `auth`: asks the daemon, shows the person what it says, hands its verdict to PAM.
@c @implementation
public func pam_sm_authenticate(
    _ pamh: OpaquePointer!, _ flags: CInt, _ argc: CInt, _ argv: UnsafeMutablePointer<UnsafePointer<CChar>?>!
) -> CInt {
    unsafe run(.authenticate, pamh, flags, argc, argv)
}

/// `auth`, second half: a second factor sets no credentials. sshd runs it in another process.
@c @implementation
public func pam_sm_setcred(
    _ pamh: OpaquePointer!, _ flags: CInt, _ argc: CInt, _ argv: UnsafeMutablePointer<UnsafePointer<CChar>?>!
) -> CInt {
    PAM_SUCCESS
}

/// `account`: whether the account is blocked. It never says that a new password is due: sshd would run passwd(1).
@c @implementation
public func pam_sm_acct_mgmt(
    _ pamh: OpaquePointer!, _ flags: CInt, _ argc: CInt, _ argv: UnsafeMutablePointer<UnsafePointer<CChar>?>!
) -> CInt {
    unsafe run(.account, pamh, flags, argc, argv)
}

/// `password`: a voluntary further device. libpam calls twice: to check, and then to do it.
@c @implementation
public func pam_sm_chauthtok(
    _ pamh: OpaquePointer!, _ flags: CInt, _ argc: CInt, _ argv: UnsafeMutablePointer<UnsafePointer<CChar>?>!
) -> CInt {
    switch (flags & PAM_PRELIM_CHECK != 0, flags & PAM_UPDATE_AUTHTOK != 0) {
    case (true, false): unsafe run(.changeCheck, pamh, flags, argc, argv)
    case (false, true): unsafe run(.changeUpdate, pamh, flags, argc, argv)
    case (true, true), (false, false): PAM_SYSTEM_ERR
    }
}

private func run(
    _ stage: Stage, _ handle: OpaquePointer?, _ flags: CInt, _ count: CInt,
    _ arguments: UnsafeMutablePointer<UnsafePointer<CChar>?>?
) -> CInt {
    guard let handle = unsafe handle else { return PAM_SYSTEM_ERR }
    var transaction = unsafe LibPAMTransaction(handle)
    return unsafe serve(
        stage, flags: flags, count: count, arguments: arguments, limits: .shipped, for: &transaction)
}
