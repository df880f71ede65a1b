import Foundation

/// The JSON around every message: `{"version": 1, "message": {"VERB": {…}}}`.
///
/// Versions: an end accepts its own version and the one on either side. Within that, members are only ever
/// added, and added as optional; what an end does not know it passes over. A verb that it does not know
/// is refused by name.
package enum AdminEnvelope {
    /// The version that this source speaks.
    package static let version = 1

    private struct Outgoing<Message: Encodable>: Encodable {
        let version: Int
        let message: Message
    }

    private struct Incoming<Message: Decodable>: Decodable {
        let message: Message
    }

    /// What can be read of a message whatever its version and verb.
    private struct Outline: Decodable {
        struct Anything: Decodable {
            init(from decoder: any Decoder) {}
        }
        let version: Int
        let message: [String: Anything]
    }

    static func encode(_ message: some Encodable) throws(AdminProtocolError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(Outgoing(version: version, message: message)))
        } catch {
            throw .malformed("a message that can be written as JSON")
        }
    }

    static func decode<Message: Decodable>(
        _ type: Message.Type, from json: Span<UInt8>, verbs: [String]
    ) throws(AdminProtocolError) -> Message {
        let data = unsafe json.withUnsafeBufferPointer { unsafe Data(buffer: $0) }
        let decoder = JSONDecoder()
        let outline: Outline
        do {
            outline = try decoder.decode(Outline.self, from: data)
        } catch {
            throw .malformed("an object with a version and one message")
        }
        guard (version - 1...version + 1).contains(outline.version) else {
            throw .unsupportedVersion(outline.version)
        }
        guard let verb = outline.message.keys.first, outline.message.count == 1 else {
            throw .malformed("an object with a version and one message")
        }
        guard verbs.contains(verb) else { throw .unknownVerb(verb) }
        do {
            return try decoder.decode(Incoming<Message>.self, from: data).message
        } catch {
            throw .malformed("the members of '\(verb)'")
        }
    }
}
