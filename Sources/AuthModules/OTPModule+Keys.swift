package import Authentication
internal import Cryptography

/// Keys that come from elsewhere, or are shown again.
extension TOTPModule: KeyHoldingModule {
    /// Beside the parameters of a new device it takes `used_until`: the last time step whose code was used.
    package func adopt(
        _ request: SetupRequest, key: borrowing Secret, minimumBits: Int
    ) throws(SetupFailure) -> Setup {
        let (own, used) = try OTPKeys.taking("used_until", from: request.parameters)
        let parameters = try TOTPParameters(own)
        return try setup(
            "totp", request, parameters.otp, key: key,
            own: (head: parameters.head, name: "period", value: String(parameters.period)),
            initialState: used ?? TOTPModule.initialState, minimumBits: minimumBits)
    }

    package func setup(
        of payload: Span<UInt8>, state: Int64, for request: SetupRequest
    ) throws(SetupFailure) -> Setup {
        guard let parameters = TOTPParameters(payload: payload) else { throw OTPKeys.damaged }
        let key = Secret(copying: payload.extracting(droppingFirst: TOTPParameters.headerSize))
        return try setup(
            "totp", request, parameters.otp, key: key,
            own: (head: parameters.head, name: "period", value: String(parameters.period)), initialState: state,
            minimumBits: 0)
    }

    package func carry(_ state: Int64, from payload: Span<UInt8>, to other: Span<UInt8>) -> Int64? {
        guard let mine = TOTPParameters(payload: payload), let theirs = TOTPParameters(payload: other),
            OTPKeys.areSame(payload, other, behind: TOTPParameters.headerSize)
        else { return nil }
        guard mine.period != theirs.period, state >= 0 else { return state }
        // Everything before the end of the last step that was used.
        let (next, isPast) = state.addingReportingOverflow(1)
        let (end, isBeyond) = next.multipliedReportingOverflow(by: mine.period)
        return isPast || isBeyond ? state : theirs.step(at: end - 1)
    }
}

/// Keys that come from elsewhere, or are shown again.
extension HOTPModule: KeyHoldingModule {
    package func adopt(
        _ request: SetupRequest, key: borrowing Secret, minimumBits: Int
    ) throws(SetupFailure) -> Setup {
        let typed = try SetupParameters(request.parameters, of: "hotp", known: ["algorithm", "digits", "counter"])
        let counter = Int64(try typed.number("counter", in: HOTPModule.counters, default: 0))
        return try setup(
            "hotp", request, try OTPParameters(typed), key: key,
            own: (head: [], name: "counter", value: String(counter)), initialState: counter,
            minimumBits: minimumBits)
    }

    package func setup(
        of payload: Span<UInt8>, state: Int64, for request: SetupRequest
    ) throws(SetupFailure) -> Setup {
        guard let parameters = OTPParameters(payload: payload, own: 0) else { throw OTPKeys.damaged }
        let key = Secret(copying: payload.extracting(droppingFirst: OTPParameters.headerSize))
        return try setup(
            "hotp", request, parameters, key: key, own: (head: [], name: "counter", value: String(state)),
            initialState: state, minimumBits: 0)
    }

    package func carry(_ state: Int64, from payload: Span<UInt8>, to other: Span<UInt8>) -> Int64? {
        guard OTPParameters(payload: payload, own: 0) != nil, OTPParameters(payload: other, own: 0) != nil,
            OTPKeys.areSame(payload, other, behind: OTPParameters.headerSize)
        else { return nil }
        return state
    }
}

/// What the two have in common.
private enum OTPKeys {
    static let damaged = SetupFailure("what is kept of the device is damaged")

    /// Whether two payloads have one key, which is all that stands behind their heads.
    static func areSame(_ payload: Span<UInt8>, _ other: Span<UInt8>, behind head: Int) -> Bool {
        isEqual(payload.extracting(droppingFirst: head), other.extracting(droppingFirst: head))
    }

    /// The parameters without `name`, and the whole number that it has.
    static func taking(
        _ name: String, from parameters: [String: String]
    ) throws(SetupFailure) -> (others: [String: String], number: Int64?) {
        guard let text = parameters[name] else { return (parameters, nil) }
        guard let number = Settings.number(text), number >= 0 else {
            throw SetupFailure("\(name) is '\(text)', expected a whole number from 0")
        }
        return (parameters.filter { $0.key != name }, Int64(number))
    }
}
