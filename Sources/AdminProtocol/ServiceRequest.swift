package import Authentication

/// What `twostep` asks on one of the daemon's sockets, in the frames that they have in common.
package protocol ServiceRequest: Equatable, Sendable {
    /// The longest that a frame of it may be.
    static var bounds: AdminFrame.Bounds { get }

    /// A request from the JSON of a frame.
    init(json: Span<UInt8>) throws(AdminProtocolError)

    /// The whole frame, with the secrets that belong to this request; throws `oversized`.
    func frame(secrets: borrowing SecretFields) throws(AdminProtocolError) -> Secret
}
