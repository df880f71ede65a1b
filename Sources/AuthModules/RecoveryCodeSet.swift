internal import Authentication
internal import Cryptography

/// A set of recovery codes as it is stored: version, number of codes, a random key, and for each code its
/// HMAC-SHA-256 under that key.
///
/// A code has 120 bits, so that no slow function is needed (NIST SP 800-63B section 5.1.2.2 asks for one below 112).
/// The payload is sealed under the store's key all the same. The digests have a key of their own because the store's
/// can change (`twostep rekey`) while nobody knows the codes any more: sealed again, the payload is as good as before.
enum RecoveryCodeSet {
    /// How many codes a set may have: each is a bit of the device's state.
    static let counts = 1...20
    /// The size of a code in bytes.
    static let codeSize = 15
    /// How a code is written: 24 characters of base32 in groups of four.
    static let characters = 24
    static let groupSize = 4

    static let keySize = 32

    private static let version: UInt8 = 1
    private static let digestSize = 32
    private static let headerSize = 2 + keySize

    /// The payload of `codes`, which stand one behind the other.
    static func payload(of codes: Span<UInt8>, key: Span<UInt8>) throws(CryptographyFailure) -> Secret {
        let count = codes.count / codeSize
        guard counts.contains(count), key.count == keySize else { throw .wrongSize }
        return try Secret(count: headerSize + count * digestSize) { (target) throws(CryptographyFailure) in
            target[0] = version
            target[1] = UInt8(count)
            for index in key.indices { target[2 + index] = key[index] }
            for code in 0..<count {
                let start = code * codeSize
                let message = codes.extracting(start..<start + codeSize)
                try withHMAC(.sha256, key: key, message: message) { digest in
                    for index in digest.indices { target[headerSize + code * digestSize + index] = digest[index] }
                }
            }
        }
    }

    /// How many codes a payload has, spent ones included; nil for anything that `payload(of:)` does not write.
    static func count(in payload: Span<UInt8>) -> Int? {
        guard payload.count > headerSize, payload[0] == version else { return nil }
        let count = Int(payload[1])
        guard counts.contains(count), payload.count == headerSize + count * digestSize else { return nil }
        return count
    }

    /// How many codes are left in a state, whose bits are the spent ones; nil for what is damaged.
    static func left(in payload: Span<UInt8>, state: Int64) -> Int? {
        guard let count = count(in: payload), state >= 0, state >> Int64(count) == 0 else { return nil }
        return count - state.nonzeroBitCount
    }

    /// The bit of the code that `code` is; 0 if it is none. It is compared with all of them, whatever it is equal to.
    static func bit(of code: Span<UInt8>, in payload: Span<UInt8>) throws(InvalidAuth) -> Int64 {
        guard let count = count(in: payload) else { throw .unavailable }
        do throws(CryptographyFailure) {
            return try withHMAC(.sha256, key: payload.extracting(2..<headerSize), message: code) { digest in
                var bits: Int64 = 0
                for index in 0..<count {
                    let start = headerSize + index * digestSize
                    let isSame = isEqual(digest, payload.extracting(start..<start + digestSize))
                    bits |= (isSame ? 1 : 0) << Int64(index)
                }
                return bits
            }
        } catch {
            throw .unavailable
        }
    }

    /// The codes as they are printed, one a line.
    static func text(of codes: Span<UInt8>) -> Secret {
        let count = codes.count / codeSize
        let width = characters + (characters - 1) / groupSize + 1
        return Secret(count: count * width) { target in
            for code in 0..<count {
                let start = code * codeSize
                let written = Base32.encode(
                    codes.extracting(start..<start + codeSize), groupsOf: groupSize, separator: UInt8(ascii: "-"))
                written.withBytes { written in
                    for index in written.indices { target[code * width + index] = written[index] }
                }
                target[(code + 1) * width - 1] = UInt8(ascii: "\n")
            }
        }
    }

    /// Reads a code as people type it: in either case, with spaces and hyphens. Nil for what is no code.
    ///
    /// Base32 has no 0, 1 and 8, so that they can only be an O, an I and a B that were read wrongly.
    static func code(typed: Span<UInt8>, size: Int = codeSize) -> Secret? {
        // Every character with something on either side, and some more.
        guard typed.count <= 3 * characters else { return nil }
        for index in typed.indices where typed[index] == UInt8(ascii: "=") { return nil }
        let letters = Secret(count: typed.count) { target in
            for index in typed.indices {
                target[index] =
                    switch typed[index] {
                    case UInt8(ascii: "0"): UInt8(ascii: "O")
                    case UInt8(ascii: "1"): UInt8(ascii: "I")
                    case UInt8(ascii: "8"): UInt8(ascii: "B")
                    case let other: other
                    }
            }
        }
        guard let code = letters.withBytes({ Base32.decode($0) }), code.count == size else { return nil }
        return code
    }
}
