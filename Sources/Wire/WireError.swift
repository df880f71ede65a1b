/// Why the two ends could not understand or reach each other.
///
/// One enum serves all leaf targets: a `do` in which two typed errors can be thrown is `any Error`,
/// which Embedded Swift refuses.
public enum WireError: Error, Equatable {
    /// The bytes are no frame, or not the frame they claim to be; the connection is of no further use.
    case malformed
    /// The peer chose a version that this end did not offer.
    case unknownVersion(UInt8)
    /// The peer is gone: end of file, or a reset.
    case closed
    /// The peer did not answer within the time limit.
    case timedOut
    /// The system refused a call, with this `errno`.
    case system(Int32)
    /// What stands at the socket's path must not be trusted, for this reason.
    case untrusted(Distrust)
}

/// Why a listener is not trusted (twostep-wire(7), "Who may answer").
public enum Distrust: Equatable, Sendable {
    /// The path is relative, too long for a socket address, or has `.`, `..` or empty components.
    case pathForm
    /// A directory on the way is a link or no directory, is not root's, or can be written by others.
    case directory
    /// What stands at the path is not a socket.
    case notASocket
    /// The process behind the socket is neither root's nor the socket owner's.
    case peer
}
