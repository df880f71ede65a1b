internal import Authentication
internal import Cryptography

/// What a key is given to sign: for one question, and never seen again.
struct FIDO2Challenge {
    /// 32 bytes.
    let hash: [UInt8]

    /// A fresh one, bound to what it is for; throws without random bytes.
    init(_ purpose: String, account: AccountName, service: String) throws(CryptographyFailure) {
        var random = [32 of UInt8](repeating: 0)
        var target = random.mutableSpan
        try fillRandom(&target)
        var bytes = Array("twostep-fido2\0\(purpose)\0\(account.text)\0\(service)\0".utf8)
        for index in random.indices { bytes.append(random[index]) }
        hash = try sha256Digest(bytes.span)
    }
}
