import CFIDO2
import SecurityKeyProtocol

extension SecurityKey {
    /// Has the key make a credential.
    borrowing func register(_ question: SecurityKeyQuestion, user: String, handle: [UInt8]) -> SecurityKeyAnswer {
        let verification: Verification
        switch self.verification(question, isSetup: true) {
        case .failure(let lack): return .refused(lack.refusal)
        case .success(let found): verification = found
        }
        var wanted = unsafe fido_cred_new()
        defer { unsafe fido_cred_free(&wanted) }
        let isTaken =
            unsafe fido_cred_set_type(wanted, COSE_ES256) == FIDO_OK
            && fido_cred_set_clientdata_hash(wanted, question.clientDataHash, question.clientDataHash.count) == FIDO_OK
            && fido_cred_set_rp(wanted, question.relyingParty, question.relyingParty) == FIDO_OK
            && fido_cred_set_user(wanted, handle, handle.count, user, user, nil) == FIDO_OK
            && fido_cred_set_rk(wanted, FIDO_OPT_OMIT) == FIDO_OK
            && fido_cred_set_uv(wanted, verification == .own ? FIDO_OPT_TRUE : FIDO_OPT_OMIT) == FIDO_OK
        guard isTaken else { return .failed("libfido2 takes no question") }
        let status = unsafe SecurityKey.withPIN(question, verification) { pin in
            unsafe Waiting.asking(device) { unsafe fido_dev_make_cred(device, wanted, pin) }
        }
        guard status == FIDO_OK else { return SecurityKey.refusal(status) }
        guard unsafe SecurityKey.isConsistent(wanted) else { return .refused(.unable) }
        let data = unsafe SecurityKey.copy(fido_cred_authdata_ptr(wanted), fido_cred_authdata_len(wanted))
        return .registered(authenticatorData: SecurityKey.content(ofByteString: data))
    }

    /// Whether what a key attests fits what it has made. Who has built it is of no concern.
    @unsafe private static func isConsistent(_ made: OpaquePointer?) -> Bool {
        guard let format = unsafe fido_cred_fmt(made) else { return false }
        if unsafe String(cString: format) == "none" { return true }
        return unsafe fido_cred_x5c_ptr(made) == nil
            ? fido_cred_verify_self(made) == FIDO_OK : fido_cred_verify(made) == FIDO_OK
    }
}
