package import Authentication

/// What the security keys that are plugged in are asked for, once.
package struct SecurityKeyQuestion: Sendable {
    /// What is wanted of them.
    package enum Wish: Equatable, Sendable {
        /// A signature by whichever of these credentials one of them has.
        case assertion(credentials: [[UInt8]])
        /// A new credential, for a person of this name and this random handle.
        case registration(user: String, handle: [UInt8])
    }

    package let wish: Wish
    package let relyingParty: String
    /// 32 bytes: what is signed along.
    package let clientDataHash: [UInt8]
    /// Whether the key must be touched.
    package let wantsPresence: Bool
    package let verification: UserVerification
    /// How long a key may be waited for.
    package let seconds: Int
    /// The key's PIN; empty where there is none.
    package let pin: UserInput

    package init(
        _ wish: Wish, relyingParty: String, clientDataHash: [UInt8], wantsPresence: Bool,
        verification: UserVerification, seconds: Int, pin: UserInput
    ) {
        self.wish = wish
        self.relyingParty = relyingParty
        self.clientDataHash = clientDataHash
        self.wantsPresence = wantsPresence
        self.verification = verification
        self.seconds = seconds
        self.pin = pin
    }

    /// How long may be waited at most, in seconds.
    package static let waits = 1...60
    /// The longest PIN that a key takes, in bytes (CTAP 2.1 section 6.5.1).
    package static let longestPIN = 63
    /// The longest name of a relying party that is asked about, in bytes.
    package static let longestRelyingParty = 253
    /// The longest credential id, in bytes, and the most of them.
    package static let longestCredential = 1023
    package static let mostCredentials = 100
}

extension SecurityKeyQuestion {
    private enum Kind {
        static let assertion: UInt8 = 1
        static let registration: UInt8 = 2
    }

    /// The question as a frame.
    package func frame() -> Secret {
        let options = [wantsPresence ? 1 : 0, verification.rawValue, UInt8(clamping: seconds)] as [UInt8]
        let head: [SecurityKeyFrame.Field] = [
            .bytes(options), .bytes(Array(relyingParty.utf8)), .bytes(clientDataHash), .typed(pin),
        ]
        return switch wish {
        case .assertion(let credentials):
            SecurityKeyFrame.make(Kind.assertion, head + credentials.map { .bytes($0) })
        case .registration(let user, let handle):
            SecurityKeyFrame.make(Kind.registration, head + [.bytes(Array(user.utf8)), .bytes(handle)])
        }
    }

    /// Reads a whole frame; nil for what is no question.
    package init?(frame: Span<UInt8>) {
        guard let read = SecurityKeyFrame(frame), read.count >= 4 else { return nil }
        let options = read.bytes(0, of: frame)
        guard options.count == 3, options[0] <= 1, let verification = UserVerification(rawValue: options[1]),
            SecurityKeyQuestion.waits.contains(Int(options[2])),
            let party = String(validating: read.bytes(1, of: frame), as: UTF8.self),
            (1...SecurityKeyQuestion.longestRelyingParty).contains(party.utf8.count)
        else { return nil }
        let hash = read.bytes(2, of: frame)
        let pin = read.withField(3, of: frame) { Secret(copying: $0) }
        guard hash.count == 32, pin.count <= SecurityKeyQuestion.longestPIN else { return nil }
        let rest = (4..<read.count).map { read.bytes($0, of: frame) }
        let wish: Wish
        switch read.kind {
        case Kind.assertion:
            guard (1...SecurityKeyQuestion.mostCredentials).contains(rest.count),
                rest.allSatisfy({ (1...SecurityKeyQuestion.longestCredential).contains($0.count) })
            else { return nil }
            wish = .assertion(credentials: rest)
        case Kind.registration:
            guard rest.count == 2, let user = String(validating: rest[0], as: UTF8.self), !user.isEmpty,
                (1...64).contains(rest[1].count)
            else { return nil }
            wish = .registration(user: user, handle: rest[1])
        case _: return nil
        }
        self.init(
            wish, relyingParty: party, clientDataHash: hash, wantsPresence: options[0] == 1,
            verification: verification, seconds: Int(options[2]), pin: UserInput(pin))
    }
}
