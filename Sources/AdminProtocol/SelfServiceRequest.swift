package import Authentication

/// What a user may ask of the daemon on self.sock: about the account of the peer's uid, which no request can name.
///
/// A change needs a proof on the same connection: `prove`, and `answer` as long as it is answered by a `question`. A
/// proof is good for one change, and no longer than a login's step.
package enum SelfServiceRequest: Codable, Equatable, Sendable {
    /// The account's devices and failures. Answered by `listing`.
    case list
    /// Begins a proof that somebody has what the account has. Answered by `question`.
    case prove
    /// Secret: what was typed. Answered by the next `question`, or by `proved`.
    case answer
    /// Makes a new secret; nothing is stored yet. Without `module` the first that people enrol with, without `device` a name
    /// that the account has none of. `parameters` as in `AdminRequest.beginEnrollment`. Answered by `enrollmentBegun`.
    case beginEnrollment(module: ModuleReference?, device: String?, parameters: [String: String])
    /// Secrets: a value for each field of the form. Answered as in `AdminRequest`.
    case finishEnrollment
    /// Removes a device that is not the last. Answered by `removed`.
    case remove(device: String, module: ModuleReference?)
    /// The same, up to the point where something would be removed; needs no proof. Answered by `removed`.
    case checkRemoval(device: String, module: ModuleReference?)

    /// The verbs as they stand in the JSON.
    enum CodingKeys: String, CodingKey, CaseIterable {
        case list, prove, answer, beginEnrollment, finishEnrollment, remove, checkRemoval
    }
}

extension SelfServiceRequest: ServiceRequest {
    package static let bounds = AdminFrame.Bounds.ownRequest

    package init(json: Span<UInt8>) throws(AdminProtocolError) {
        self = try AdminEnvelope.decode(
            SelfServiceRequest.self, from: json, verbs: CodingKeys.allCases.map(\.rawValue))
    }

    package func frame(secrets: borrowing SecretFields) throws(AdminProtocolError) -> Secret {
        try AdminFrame.encode(json: try AdminEnvelope.encode(self), secrets: secrets, within: Self.bounds)
    }
}
