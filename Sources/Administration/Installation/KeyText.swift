import Authentication
import Cryptography

/// What a key file holds.
enum KeyText {
    /// A new key: 32 random bytes as 64 hexadecimal digits and a newline.
    static func fresh() throws(CommandFailure) -> Secret {
        let bytes: Secret
        do throws(CryptographyFailure) {
            bytes = try Secret(count: 32) { (target) throws(CryptographyFailure) in try fillRandom(&target) }
        } catch {
            throw CommandFailure(.refused, code: .files, "The machine gives no random bytes.")
        }
        return bytes.withBytes { bytes in
            Secret(count: 2 * bytes.count + 1) { target in
                for index in bytes.indices {
                    target[2 * index] = digit(bytes[index] >> 4)
                    target[2 * index + 1] = digit(bytes[index] & 0x0F)
                }
                target[2 * bytes.count] = UInt8(ascii: "\n")
            }
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
