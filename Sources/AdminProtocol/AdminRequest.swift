package import Authentication

/// What root may ask of the daemon on admin.sock.
///
/// An enrolment is one connection: `beginEnrollment` first, then either `finishEnrollment` until its code is
/// right, or `storeWithoutConfirmation`. Closing the connection abandons it, and nothing was stored.
package enum AdminRequest: Codable, Equatable, Sendable {
    /// Answered by `AdminReply.status`.
    case status
    /// The devices and failures of one account, or of all. Answered by `listing`.
    case list(account: String?)
    /// Makes a new secret; nothing is stored yet. `parameters` are the module's own (`digits`: `8`), as typed.
    /// Answered by `enrollmentBegun`.
    case beginEnrollment(account: String, module: ModuleReference, device: String, parameters: [String: String])
    /// Secret: the first code. Answered by `enrollmentDone`; by a refusal `wrongCode` that leaves the set-up as
    /// it is, so that another code may be tried.
    case finishEnrollment
    /// Stores the device that was begun although no code was seen. Answered by `enrollmentDone`.
    case storeWithoutConfirmation
    /// Without `force` the last device of an account stays (`lastDevice`). `module` is needed where the account has
    /// the name with several modules. Answered by `removed`.
    case remove(account: String, device: String, module: ModuleReference?, force: Bool)
    /// Which device could have made a code, and how far off it is; spends and charges nothing. Secret: the code.
    /// Answered by `verified`.
    case verify(account: String)
    /// Forgets the account's failures. Answered by `unlocked`.
    case unlock(account: String)

    /// The verbs as they stand in the JSON.
    enum CodingKeys: String, CodingKey, CaseIterable {
        case status, list, beginEnrollment, finishEnrollment, storeWithoutConfirmation, remove, verify, unlock
    }

    /// A request from the JSON of a frame.
    package init(json: Span<UInt8>) throws(AdminProtocolError) {
        self = try AdminEnvelope.decode(
            AdminRequest.self, from: json, verbs: CodingKeys.allCases.map(\.rawValue))
    }

    /// The whole frame, with the secrets that belong to this request; throws `oversized`.
    package func frame(secrets: borrowing SecretFields) throws(AdminProtocolError) -> Secret {
        try AdminFrame.encode(json: try AdminEnvelope.encode(self), secrets: secrets, within: .request)
    }
}
