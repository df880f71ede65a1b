package import Authentication
internal import Cryptography
internal import Synchronization

/// Seals secrets with AES-256-GCM under the store's key, each bound to its place.
///
///     format (1 byte, 1) · key id (4 bytes) · nonce (12) · ciphertext · tag (16)
///
/// The key id is the beginning of an HMAC under the key, so that a wrong key is told from damage. The place
/// is associated data: a blob that is moved to another row does not open there.
package final class Sealer: SecretSealing {
    private static let format: UInt8 = 1
    private static let header = 5
    /// The longest blob that is looked at; the longest payload of a module has a few hundred bytes.
    static let maximumSize = 65_536

    /// How long a payload of so many bytes is when it is sealed.
    static func sealedSize(of count: Int) -> Int { header + AESGCM.overhead + count }

    private let cipher: Mutex<Cipher>
    private let keyID: [UInt8]

    /// The cipher belongs to one thread at a time; the mutex is what sees to that.
    private struct Cipher: @unchecked Sendable {
        let aes: AESGCM
    }

    /// By what the key is known to people, and to nobody else: eight hexadecimal digits. No secret.
    package var id: String { SealedBlob.text(keyID) }

    package init(_ key: SealingKey) throws(StoreFailure) {
        do throws(CryptographyFailure) {
            let label = Array("twostep key id".utf8)
            let aes = try key.withBytes { (key) throws(CryptographyFailure) in try AESGCM(key: key) }
            cipher = Mutex(Cipher(aes: aes))
            keyID = try key.withBytes { (key) throws(CryptographyFailure) in
                try withHMAC(.sha256, key: key, message: label.span) { digest in (0..<4).map { digest[$0] } }
            }
        } catch {
            throw .unreachable("libcrypto cannot seal: \(error)")
        }
    }

    package func seal(_ payload: borrowing Secret, at place: some SealedPlace) throws(StoreFailure) -> [UInt8] {
        let bound = place.placeBytes
        guard payload.count <= Sealer.maximumSize / 2 else {
            throw .damaged("a secret of \(payload.count) bytes cannot be stored")
        }
        do throws(CryptographyFailure) {
            let sealed = try payload.withBytes { (plain) throws(CryptographyFailure) in
                try cipher.withLock { (cipher) throws(CryptographyFailure) in
                    try cipher.aes.seal(plain, associated: bound.span)
                }
            }
            return [Sealer.format] + keyID + sealed
        } catch {
            throw .unreachable("libcrypto cannot seal: \(error)")
        }
    }

    package func isCurrent(_ sealed: [UInt8]) -> Bool {
        sealed.count >= Sealer.header && sealed[0] == Sealer.format
            && sealed[1..<Sealer.header].elementsEqual(keyID)
    }

    package func open(_ sealed: [UInt8], at place: some SealedPlace) throws(StoreFailure) -> Secret {
        guard sealed.count <= Sealer.maximumSize, sealed.count >= Sealer.header + AESGCM.overhead else {
            throw .damaged("\(place.placeName) has \(sealed.count) bytes, which is no sealed secret")
        }
        guard sealed[0] == Sealer.format else {
            throw .damaged("\(place.placeName) is sealed in format \(sealed[0]), expected \(Sealer.format)")
        }
        guard sealed[1..<Sealer.header].elementsEqual(keyID) else {
            throw .sealedWithAnotherKey(
                "\(place.placeName) is sealed with another key: \(SealedBlob.text(sealed[1..<Sealer.header])) and not \(id)"
            )
        }
        let bound = place.placeBytes
        let body = sealed.span.extracting(Sealer.header..<sealed.count)
        do throws(CryptographyFailure) {
            return try Secret(count: body.count - AESGCM.overhead) { (plain) throws(CryptographyFailure) in
                try cipher.withLock { (cipher) throws(CryptographyFailure) in
                    try cipher.aes.open(body, associated: bound.span, into: &plain)
                }
            }
        } catch {
            throw .damaged("\(place.placeName) does not open: it was changed, or belongs elsewhere")
        }
    }
}

/// What can be told of a sealed secret without a key.
enum SealedBlob {
    /// A key's id in words: two hexadecimal digits a byte.
    static func text(_ id: some Sequence<UInt8>) -> String {
        id.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
