import AuthModules
import Authentication
import SecurityKeyProtocol

/// What comes from whoever asks security keys, and what the daemon asks him; and what a key itself says: whatever is read of a
/// frame is written as the same frame, and a credential as what it was read from.
enum SecurityKeyMessage {
    static func run(_ bytes: [UInt8]) throws(Violation) {
        if let answer = SecurityKeyAnswer(frame: bytes.span) {
            try promise(answer.frame().withBytes { $0.array } == bytes, "an answer is written in another way")
            if case .registered(let data) = answer { try readCredential(data) }
        }
        if let question = SecurityKeyQuestion(frame: bytes.span) {
            try promise(question.frame().withBytes { $0.array } == bytes, "a question is written in another way")
        }
        try readCredential(bytes)
    }

    private static func readCredential(_ data: [UInt8]) throws(Violation) {
        guard let module = try? FIDO2Module(ModuleID("fido2"), keys: nil, hostName: "host.example") else {
            throw Violation("there is no module")
        }
        guard let made = module.newCredential(in: data) else { return }
        let payload = made.credential.payload.withBytes { $0.array }
        try promise(FIDO2Credential(payload: payload.span) == made.credential, "its payload is of another credential")
        try promise(
            data.count > made.credential.id.count + made.credential.publicKey.count, "it has more than it was made of")
    }
}
