/// Why a message was not understood. None of these is ever an answer to what was asked.
package enum AdminProtocolError: Error, Equatable, Sendable {
    /// A part is longer than its bound, announced or about to be sent.
    case oversized
    /// A part ends before it should.
    case truncated
    /// It is not the JSON of any message: what was expected, in words.
    case malformed(String)
    /// The peer speaks a version that is not adjacent to ours.
    case unsupportedVersion(Int)
    /// A verb, or a kind of reply, that this version does not know.
    case unknownVerb(String)
}
