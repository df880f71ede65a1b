import Authentication

/// A validation session as administrators see it: nothing that was typed, and no secret.
struct OpenSession {
    let session: ValidationSession
    let request: LoginRequest
    /// The uid of the process that asks.
    let peer: UInt32
}
