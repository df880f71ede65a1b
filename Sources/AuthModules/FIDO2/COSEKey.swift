internal import Cryptography

/// A public key as a security key writes it: a CBOR map of the few entries that one has (RFC 9052 section 7, RFC 9053).
struct COSEKey {
    let algorithm: SignatureAlgorithm
    /// As `VerifyingKey` takes it.
    let bytes: [UInt8]

    /// What an entry of the map holds.
    private enum Value: Equatable {
        case number(Int)
        case bytes([UInt8])
    }

    /// The labels of the entries.
    private enum Label {
        static let type = 1
        static let algorithm = 3
        static let curve = -1
        static let x = -2
        static let y = -3
    }

    /// Reads the map that `bytes` begin with; what is behind it (extensions) is of no concern. Nil for any other.
    init?(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        guard let head = COSEKey.head(&rest), head.major == 5, head.argument <= 8 else { return nil }
        var entries: [Int: Value] = [:]
        for _ in 0..<head.argument {
            guard case .number(let label)? = COSEKey.value(&rest), let value = COSEKey.value(&rest),
                entries.updateValue(value, forKey: label) == nil
            else { return nil }
        }
        guard case .number(let number)? = entries[Label.algorithm], let known = SignatureAlgorithm(rawValue: number)
        else { return nil }
        algorithm = known
        switch (known, entries[Label.type], entries[Label.curve], entries[Label.x], entries[Label.y]) {
        case (.es256, .number(2)?, .number(1)?, .bytes(let x)?, .bytes(let y)?) where x.count == 32 && y.count == 32:
            self.bytes = x + y
        case (.edDSA, .number(1)?, .number(6)?, .bytes(let point)?, nil) where point.count == 32: self.bytes = point
        case (.rs256, .number(3)?, .bytes(let modulus)?, .bytes(let exponent)?, nil)
        where modulus.count == 256 && exponent.count == 3:
            self.bytes = modulus + exponent
        case _: return nil
        }
    }

    /// A whole number or a byte string.
    private static func value(_ rest: inout ArraySlice<UInt8>) -> Value? {
        guard let head = head(&rest) else { return nil }
        switch head.major {
        case 0: return .number(head.argument)
        case 1: return .number(-1 - head.argument)
        case 2:
            guard rest.count >= head.argument else { return nil }
            let bytes = Array(rest.prefix(head.argument))
            rest = rest.dropFirst(head.argument)
            return .bytes(bytes)
        case _: return nil
        }
    }

    /// The major type of the next item and its argument, of two bytes at most (RFC 8949 section 3).
    private static func head(_ rest: inout ArraySlice<UInt8>) -> (major: UInt8, argument: Int)? {
        guard let first = rest.popFirst() else { return nil }
        let short = Int(first & 0x1F)
        switch short {
        case 0..<24: return (first >> 5, short)
        case 24, 25:
            var argument = 0
            for _ in 0..<(short == 24 ? 1 : 2) {
                guard let next = rest.popFirst() else { return nil }
                argument = argument << 8 | Int(next)
            }
            return (first >> 5, argument)
        case _: return nil
        }
    }
}
