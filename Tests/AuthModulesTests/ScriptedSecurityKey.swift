import Authentication
import COpenSSL
import Cryptography
import SecurityKeyProtocol
import Synchronization
import Testing

/// A security key in software: its credentials are Ed25519 keys made of its name, and it counts what it signs.
final class ScriptedSecurityKey: SecurityKeys {
    let name: String
    let pin: String
    /// Says something else in place of what it would have said.
    let falsify: @Sendable (SecurityKeyQuestion, SecurityKeyAnswer) -> SecurityKeyAnswer
    private let counter: Atomic<UInt32>
    private let counts: Bool
    private let asked = Mutex<[SecurityKeyQuestion]>([])

    init(
        _ name: String = "key", pin: String = "1234", counter: UInt32 = 0, counts: Bool = true,
        falsifying falsify: @escaping @Sendable (SecurityKeyQuestion, SecurityKeyAnswer) -> SecurityKeyAnswer = { $1 }
    ) {
        self.name = name
        self.pin = pin
        self.counter = Atomic(counter)
        self.counts = counts
        self.falsify = falsify
    }

    /// What it was asked.
    var questions: [SecurityKeyQuestion] { asked.withLock { $0 } }

    var id: [UInt8] { digest("id \(name)") }
    var publicKey: [UInt8] { unsafe ed25519(seed) { key in unsafe rawPublicKey(of: key) } }
    private var seed: [UInt8] { digest("seed \(name)") }

    func ask(
        _ question: SecurityKeyQuestion, until deadline: Int64, whileAwaited isAwaited: @escaping @Sendable () -> Bool
    ) -> SecurityKeyAnswer {
        asked.withLock { $0.append(question) }
        return falsify(question, answer(question))
    }

    func answer(_ question: SecurityKeyQuestion) -> SecurityKeyAnswer {
        let typed = question.pin.withField { pin in pin.indices.map { pin[$0] } }
        guard typed.isEmpty || typed == Array(pin.utf8) else { return .refused(.pinWrong) }
        if typed.isEmpty, question.verification == .required { return .refused(.pinNeeded) }
        let flags: UInt8 = (question.wantsPresence ? 0x01 : 0) | (typed.isEmpty ? 0 : 0x04)
        let count = counts ? counter.add(1, ordering: .relaxed).newValue : 0
        var data = digest(question.relyingParty) + [flags] + ScriptedSecurityKey.bigEndian(count)
        switch question.wish {
        case .assertion(let credentials):
            guard credentials.contains(id) else { return .refused(.notHeld) }
            return .asserted(
                credential: id, authenticatorData: data, signature: sign(data + question.clientDataHash))
        case .registration:
            data[32] |= 0x40
            data += [UInt8](repeating: 0, count: 16) + [0, UInt8(id.count)] + id
            // {1: 1, 3: -8, -1: 6, -2: the point}
            data += [0xA4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20] + publicKey
            return .registered(authenticatorData: data)
        }
    }

    /// What it signs of its own accord.
    func sign(_ message: [UInt8]) -> [UInt8] {
        unsafe ed25519(seed) { key in unsafe signature(by: key, over: message) }
    }

    static func bigEndian(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
    }
}

/// SHA-256, which libcrypto has.
func digest(_ text: String) -> [UInt8] { (try? sha256Digest(Array(text.utf8).span)) ?? [] }

private func ed25519(_ seed: [UInt8], _ body: (OpaquePointer) -> [UInt8]) -> [UInt8] {
    guard let key = unsafe EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count) else { return [] }
    defer { unsafe EVP_PKEY_free(key) }
    return unsafe body(key)
}

private func rawPublicKey(of key: OpaquePointer) -> [UInt8] {
    var point = [UInt8](repeating: 0, count: 32)
    var count = point.count
    return unsafe EVP_PKEY_get_raw_public_key(key, &point, &count) == 1 ? point : []
}

private func signature(by key: OpaquePointer, over message: [UInt8]) -> [UInt8] {
    var signature = [UInt8](repeating: 0, count: 64)
    var count = signature.count
    let context = unsafe EVP_MD_CTX_new()
    defer { unsafe EVP_MD_CTX_free(context) }
    guard unsafe EVP_DigestSignInit(context, nil, nil, nil, key) == 1,
        unsafe EVP_DigestSign(context, &signature, &count, message, message.count) == 1
    else { return [] }
    return signature
}
