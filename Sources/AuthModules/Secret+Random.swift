internal import Authentication
internal import Cryptography

extension Secret {
    /// New random bytes, for a key or a code.
    static func random(count: Int) throws(SetupFailure) -> Secret {
        do throws(CryptographyFailure) {
            return try Secret(count: count) { (target) throws(CryptographyFailure) in try fillRandom(&target) }
        } catch {
            throw SetupFailure("there are no random bytes to make a key of")
        }
    }
}
