/// A module whose devices hold a key that an app or a token has too: it may come from elsewhere, and be shown again.
package protocol KeyHoldingModule: EnrollableModule {
    /// A set-up with a key that is there already, and with the state that the request's parameters tell.
    ///
    /// A key of fewer than `minimumBits` is refused.
    func adopt(_ request: SetupRequest, key: borrowing Secret, minimumBits: Int) throws(SetupFailure) -> Setup

    /// The set-up of a device as it is now, from its payload, to be shown again; throws for a payload that is damaged.
    func setup(
        of payload: Span<UInt8>, state: Int64, for request: SetupRequest
    ) throws(SetupFailure) -> Setup

    /// The state of a device with the payload `other` that has used as much of its key as one with `payload` in this
    /// `state`; nil where their keys differ.
    func carry(_ state: Int64, from payload: Span<UInt8>, to other: Span<UInt8>) -> Int64?
}
