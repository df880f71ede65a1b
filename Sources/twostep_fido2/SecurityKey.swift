import Authentication
import CFIDO2
import SecurityKeyProtocol

/// One key that is open.
@safe
struct SecurityKey: ~Copyable {
    let device: OpaquePointer

    /// Opens the key that libfido2 has found; nil if that cannot be.
    @unsafe init?(_ information: OpaquePointer) {
        guard let device = unsafe fido_dev_new_with_info(information) else { return nil }
        guard unsafe fido_dev_open_with_info(device) == FIDO_OK else {
            var freed: OpaquePointer? = unsafe device
            unsafe fido_dev_free(&freed)
            return nil
        }
        unsafe self.device = device
    }

    deinit {
        unsafe fido_dev_close(device)
        var device: OpaquePointer? = unsafe device
        unsafe fido_dev_free(&device)
    }

    /// How the key is to make sure of the person.
    enum Verification: Equatable {
        case none
        /// By the PIN that was typed.
        case pin
        /// By what it has itself: a finger.
        case own
    }

    /// How it does what the question wants; what it lacks where it cannot.
    borrowing func verification(
        _ question: SecurityKeyQuestion, isSetup: Bool = false
    ) -> Result<Verification, SecurityKeyRefused> {
        let hasPIN = unsafe fido_dev_is_fido2(device) && fido_dev_has_pin(device)
        let hasOwn = unsafe fido_dev_is_fido2(device) && fido_dev_has_uv(device)
        // A credential is made with the PIN wherever there is one, whatever a login wants.
        guard question.verification != .never || isSetup else { return .success(.none) }
        if !question.pin.isEmpty, hasPIN { return .success(.pin) }
        if question.verification != .never, hasOwn { return .success(.own) }
        guard question.verification == .required else { return .success(.none) }
        return .failure(SecurityKeyRefused(hasPIN ? .pinNeeded : .noPIN))
    }

    /// Performs `body` with the PIN as libfido2 takes it; it is wiped afterwards.
    static func withPIN<Result>(
        _ question: SecurityKeyQuestion, _ verification: Verification, _ body: (UnsafePointer<CChar>?) -> Result
    ) -> Result {
        guard verification == .pin else { return body(nil) }
        let text = question.pin.withField { pin in
            Secret(count: pin.count + 1) { target in
                for index in pin.indices { target[index] = pin[index] }
            }
        }
        return text.withBytes { text in
            unsafe text.withUnsafeBytes { unsafe body($0.baseAddress?.assumingMemoryBound(to: CChar.self)) }
        }
    }

    /// What an error of libfido2's means.
    static func refusal(_ status: Int32) -> SecurityKeyAnswer {
        switch status {
        case FIDO_ERR_NO_CREDENTIALS, FIDO_ERR_INVALID_CREDENTIAL: .refused(.notHeld)
        case FIDO_ERR_PIN_REQUIRED, FIDO_ERR_UV_INVALID, FIDO_ERR_UV_BLOCKED: .refused(.pinNeeded)
        case FIDO_ERR_PIN_INVALID, FIDO_ERR_PIN_AUTH_INVALID, FIDO_ERR_PIN_POLICY_VIOLATION: .refused(.pinWrong)
        case FIDO_ERR_PIN_BLOCKED, FIDO_ERR_PIN_AUTH_BLOCKED: .refused(.pinBlocked)
        case FIDO_ERR_PIN_NOT_SET: .refused(.noPIN)
        case FIDO_ERR_KEEPALIVE_CANCEL, FIDO_ERR_OPERATION_DENIED, FIDO_ERR_ACTION_TIMEOUT,
            FIDO_ERR_USER_ACTION_TIMEOUT, FIDO_ERR_TIMEOUT:
            .refused(.notTouched)
        case FIDO_ERR_UNSUPPORTED_OPTION, FIDO_ERR_UNSUPPORTED_ALGORITHM, FIDO_ERR_INVALID_OPTION,
            FIDO_ERR_KEY_STORE_FULL:
            .refused(.unable)
        case _:
            .failed("a security key: " + (unsafe fido_strerr(status).map { unsafe String(cString: $0) } ?? "\(status)"))
        }
    }

    /// Copies what libfido2 owns.
    @unsafe static func copy(_ start: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
        unsafe Array(UnsafeBufferPointer(start: start, count: start == nil ? 0 : count))
    }
}

/// What a key lacks.
struct SecurityKeyRefused: Error {
    let refusal: SecurityKeyAnswer.Refusal
    init(_ refusal: SecurityKeyAnswer.Refusal) { self.refusal = refusal }
}
