import AdminProtocol
import Authentication

/// Frames and secrets as plain bytes and texts, as tests compare them.
enum Frames {
    static func fields(_ texts: [String]) throws(AdminProtocolError) -> SecretFields {
        var fields = SecretFields()
        for text in texts {
            let bytes = Array(text.utf8)
            try fields.append(bytes.span)
        }
        return fields
    }

    static func texts(_ part: Span<UInt8>) throws(AdminProtocolError) -> [String] {
        let fields = try SecretFields(decoding: part)
        var texts: [String] = []
        for index in 0..<fields.count {
            texts.append(String(decoding: bytes(try fields.field(index)), as: UTF8.self))
        }
        return texts
    }

    static func reply(_ reply: AdminReply, secrets: [String] = []) throws(AdminProtocolError) -> [UInt8] {
        bytes(try reply.frame(secrets: try fields(secrets)))
    }

    static func request(_ request: AdminRequest, secrets: [String] = []) throws(AdminProtocolError) -> [UInt8] {
        bytes(try request.frame(secrets: try fields(secrets)))
    }

    static func bytes(_ secret: borrowing Secret) -> [UInt8] {
        secret.withBytes { bytes in bytes.indices.map { bytes[$0] } }
    }

    /// A frame around JSON of any kind.
    static func raw(_ json: String, secretCount: Int = 0, secret: [UInt8] = []) -> [UInt8] {
        let count = json.utf8.count
        return number(count) + number(secretCount) + Array(json.utf8) + secret
    }

    static func number(_ number: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}
