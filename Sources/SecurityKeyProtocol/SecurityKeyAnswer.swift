package import Authentication

/// What came of asking security keys. Nothing of it is believed before it is verified.
package enum SecurityKeyAnswer: Equatable, Sendable {
    /// A signature over authenticator data and the hash of the question, by one of the credentials.
    case asserted(credential: [UInt8], authenticatorData: [UInt8], signature: [UInt8])
    /// Authenticator data with a new credential in it.
    case registered(authenticatorData: [UInt8])
    /// A key, or the person, did not do it.
    case refused(Refusal)
    /// Nobody could be asked, in a sentence for the journal.
    case failed(String)

    /// Why there is no signature.
    package enum Refusal: UInt8, Equatable, Sendable, CaseIterable {
        /// No key is plugged in.
        case noKey = 1
        /// None of those that are has one of the credentials.
        case notHeld = 2
        case pinNeeded = 3
        case pinWrong = 4
        /// It takes no PIN any more: until it is plugged in anew, or at all.
        case pinBlocked = 5
        /// A PIN was wanted, and the key has none set.
        case noPIN = 6
        case notTouched = 7
        /// Several are plugged in, and which of them is meant cannot be told.
        case several = 8
        /// It does not do what is wanted of it.
        case unable = 9
    }

    /// The longest of what a key says, in bytes.
    package static let longestData = 16_384
}

extension SecurityKeyAnswer {
    private enum Kind {
        static let asserted: UInt8 = 1
        static let registered: UInt8 = 2
        static let refused: UInt8 = 3
        static let failed: UInt8 = 4
    }

    /// The answer as a frame.
    package func frame() -> Secret {
        switch self {
        case .asserted(let credential, let data, let signature):
            SecurityKeyFrame.make(Kind.asserted, [.bytes(credential), .bytes(data), .bytes(signature)])
        case .registered(let data): SecurityKeyFrame.make(Kind.registered, [.bytes(data)])
        case .refused(let refusal): SecurityKeyFrame.make(Kind.refused, [.bytes([refusal.rawValue])])
        case .failed(let reason): SecurityKeyFrame.make(Kind.failed, [.bytes(Array(reason.utf8.prefix(200)))])
        }
    }

    /// Reads a whole frame; nil for what is no answer.
    package init?(frame: Span<UInt8>) {
        guard let read = SecurityKeyFrame(frame) else { return nil }
        let fields = (0..<read.count).map { read.bytes($0, of: frame) }
        guard fields.allSatisfy({ (1...SecurityKeyAnswer.longestData).contains($0.count) }) else { return nil }
        switch (read.kind, fields.count) {
        case (Kind.asserted, 3):
            self = .asserted(credential: fields[0], authenticatorData: fields[1], signature: fields[2])
        case (Kind.registered, 1): self = .registered(authenticatorData: fields[0])
        case (Kind.refused, 1):
            guard fields[0].count == 1, let refusal = Refusal(rawValue: fields[0][0]) else { return nil }
            self = .refused(refusal)
        case (Kind.failed, 1):
            // It is written to the journal, by whoever is asked: nothing but a line of plain text.
            guard fields[0].allSatisfy({ (0x20...0x7E).contains($0) }) else { return nil }
            self = .failed(String(decoding: fields[0], as: UTF8.self))
        case _: return nil
        }
    }
}
