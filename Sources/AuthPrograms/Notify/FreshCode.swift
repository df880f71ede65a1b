internal import Authentication
internal import Cryptography

/// What is made for one message: a code, what is kept of it, and what nobody else knows of the message.
final class FreshCode: Sendable {
    let digits: Secret
    let hashed: HashedCode
    /// 128 random bits in hexadecimal digits, for answers to name.
    let reference: String
    /// Two digits that a person is to compare.
    let number: Int64

    private init(_ digits: consuming Secret, _ hashed: HashedCode, _ reference: String, _ number: Int64) {
        self.digits = digits
        self.hashed = hashed
        self.reference = reference
        self.number = number
    }

    /// Makes one; throws where libcrypto cannot.
    static func make() throws(ContractFault) -> FreshCode {
        do throws(CryptographyFailure) {
            let digits = try makeDigits()
            let hashed = try HashedCode(digits)
            var reference = ""
            for _ in 0..<32 { reference += String(try number(below: 16), radix: 16) }
            return FreshCode(digits, hashed, reference, Int64(try number(below: 90)) + 10)
        } catch {
            throw ContractFault("libcrypto makes no code: \(error)")
        }
    }

    /// The code as if it had been typed.
    var typed: UserInput { UserInput(digits.withBytes { Secret(copying: $0) }) }

    /// A code in ASCII digits, each as likely as any other.
    private static func makeDigits() throws(CryptographyFailure) -> Secret {
        let number = try number(below: 100_000_000)
        return Secret(count: HashedCode.digits) { target in
            var rest = number
            for index in (0..<HashedCode.digits).reversed() {
                target[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
        }
    }

    /// A number that nobody can foresee, each below `bound` as likely as any other.
    private static func number(below bound: UInt32) throws(CryptographyFailure) -> UInt32 {
        // What lies beyond the last whole multiple would make small numbers likelier.
        let limit = UInt64(1 << 32) / UInt64(max(bound, 1)) * UInt64(max(bound, 1))
        while true {
            let bytes = try Secret(count: 4) { (target) throws(CryptographyFailure) in try fillRandom(&target) }
            let number = bytes.withBytes { bytes in
                bytes.indices.reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[$1]) }
            }
            if number < limit { return UInt32(truncatingIfNeeded: number % UInt64(max(bound, 1))) }
        }
    }

    /// Reads a code as people type it: eight ASCII digits, with blanks and hyphens among them; nil for what is none.
    static func code(typed: Span<UInt8>) -> Secret? {
        // Each digit with a blank on either side, and no more.
        guard typed.count <= HashedCode.digits * 3 else { return nil }
        var count = 0
        let code = Secret(count: HashedCode.digits) { target in
            for index in typed.indices {
                switch typed[index] {
                case UInt8(ascii: " "), UInt8(ascii: "-"): continue
                case UInt8(ascii: "0")...UInt8(ascii: "9") where count < HashedCode.digits:
                    target[count] = typed[index]
                    count += 1
                case _:
                    count = HashedCode.digits + 1
                    return
                }
            }
        }
        guard count == HashedCode.digits else { return nil }
        return code
    }
}
