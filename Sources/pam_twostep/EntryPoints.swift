public import CPAM
import PAMModule

@c @implementation
public func pam_sm_authenticate(
    _ pamh: OpaquePointer!, _ flags: CInt, _ argc: CInt, _ argv: UnsafeMutablePointer<UnsafePointer<CChar>?>!
) -> CInt {
    guard let pamh = unsafe pamh else { return PAM_SYSTEM_ERR }
    return unsafe probe(pamh)
}
@c @implementation
public func pam_sm_setcred(
    _ pamh: OpaquePointer!, _ flags: CInt, _ argc: CInt, _ argv: UnsafeMutablePointer<UnsafePointer<CChar>?>!
) -> CInt {
    PAM_SUCCESS
}
@c @implementation
public func pam_sm_acct_mgmt(
    _ pamh: OpaquePointer!, _ flags: CInt, _ argc: CInt, _ argv: UnsafeMutablePointer<UnsafePointer<CChar>?>!
) -> CInt {
    PAM_IGNORE
}
@c @implementation
public func pam_sm_chauthtok(
    _ pamh: OpaquePointer!, _ flags: CInt, _ argc: CInt, _ argv: UnsafeMutablePointer<UnsafePointer<CChar>?>!
) -> CInt {
    PAM_AUTHTOK_ERR
}
