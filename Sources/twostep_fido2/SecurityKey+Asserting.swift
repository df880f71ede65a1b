import CFIDO2
import SecurityKeyProtocol

extension SecurityKey {
    /// Whether the key has a credential; nobody is to touch it for that.
    borrowing func has(_ credential: [UInt8], for question: SecurityKeyQuestion) -> Bool {
        var wanted = unsafe SecurityKey.request(question, credential)
        defer { unsafe fido_assert_free(&wanted) }
        guard unsafe fido_assert_set_up(wanted, FIDO_OPT_FALSE) == FIDO_OK else { return false }
        let status = unsafe Waiting.asking(device) { unsafe fido_dev_get_assert(device, wanted, nil) }
        // A U2F key that has it says that it wants to be touched. One whose credential is not shown without its PIN says
        // so where it is the PIN that it misses.
        return [FIDO_OK, FIDO_ERR_USER_PRESENCE_REQUIRED, FIDO_ERR_UP_REQUIRED, FIDO_ERR_PIN_REQUIRED].contains(status)
    }

    /// Has a credential sign.
    borrowing func assert(_ question: SecurityKeyQuestion, by credential: [UInt8]) -> SecurityKeyAnswer {
        let verification: Verification
        switch self.verification(question) {
        case .failure(let lack): return .refused(lack.refusal)
        case .success(let found): verification = found
        }
        var wanted = unsafe SecurityKey.request(question, credential)
        defer { unsafe fido_assert_free(&wanted) }
        guard unsafe fido_assert_set_up(wanted, question.wantsPresence ? FIDO_OPT_TRUE : FIDO_OPT_FALSE) == FIDO_OK,
            unsafe fido_assert_set_uv(wanted, verification == .own ? FIDO_OPT_TRUE : FIDO_OPT_OMIT) == FIDO_OK
        else { return .failed("libfido2 takes no question") }
        let status = unsafe SecurityKey.withPIN(question, verification) { pin in
            unsafe Waiting.asking(device) { unsafe fido_dev_get_assert(device, wanted, pin) }
        }
        guard status == FIDO_OK else { return SecurityKey.refusal(status) }
        guard unsafe fido_assert_count(wanted) == 1 else { return .failed("a security key has signed more than once") }
        let signature = unsafe SecurityKey.copy(fido_assert_sig_ptr(wanted, 0), fido_assert_sig_len(wanted, 0))
        let data = unsafe SecurityKey.copy(fido_assert_authdata_ptr(wanted, 0), fido_assert_authdata_len(wanted, 0))
        return .asserted(
            credential: credential, authenticatorData: SecurityKey.content(ofByteString: data), signature: signature)
    }

    /// What is asked, without what the person has to do for it; NULL if there is no memory, which libfido2 refuses then.
    @unsafe private static func request(_ question: SecurityKeyQuestion, _ credential: [UInt8]) -> OpaquePointer? {
        let wanted = unsafe fido_assert_new()
        _ = unsafe fido_assert_set_clientdata_hash(wanted, question.clientDataHash, question.clientDataHash.count)
        _ = unsafe fido_assert_set_rp(wanted, question.relyingParty)
        _ = unsafe fido_assert_allow_cred(wanted, credential, credential.count)
        return unsafe wanted
    }

    /// The bytes of a CBOR byte string, which libfido2 hands out authenticator data as.
    static func content(ofByteString bytes: [UInt8]) -> [UInt8] {
        guard let first = bytes.first, first >> 5 == 2 else { return bytes }
        let head =
            switch first & 0x1F {
            case 24: 2
            case 25: 3
            case _: 1
            }
        return Array(bytes.dropFirst(head))
    }
}
