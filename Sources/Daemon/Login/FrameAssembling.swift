package import RelayProtocol
package import Wire

/// Puts the frames of one connection together.
package protocol FrameAssembling {
    associatedtype Header
    associatedtype Failure: Error

    /// Feeds what was received; `body` gets each whole frame and says whether to go on. Throws as soon as a header is none.
    mutating func feed(_ bytes: Span<UInt8>, _ body: (Header, Span<UInt8>) -> Bool) throws(Failure)

    /// Wipes what is kept of a frame.
    mutating func forget()
}

extension FrameAssembler: FrameAssembling {
    package typealias Header = FrameHeader
    package typealias Failure = WireError
}

extension RelayAssembler: FrameAssembling {
    package typealias Header = RelayFrame.Header
    package typealias Failure = RelayError
}
