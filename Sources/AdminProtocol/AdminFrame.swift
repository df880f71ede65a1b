package import Authentication

/// How a message travels on admin.sock:
/// `JSON length: UInt32 big-endian · secret length: UInt32 big-endian · JSON · secret part`.
///
/// The JSON says what is meant; codes, keys and otpauth URIs stand in the secret part alone, so that both
/// ends can keep them in memory that is wiped. A request is answered by one reply, in order.
package enum AdminFrame {
    /// The two lengths.
    package static let headerSize = 8

    /// The longest that each part may be, in bytes; held before anything is read or allocated.
    package struct Bounds: Equatable, Sendable {
        package let json: Int
        package let secret: Int

        /// From `twostep`: an account, a name and a handful of parameters.
        package static let request = Bounds(json: 64 * 1024, secret: 4096)
        /// From `twostep` of a user: a name and a handful of parameters.
        package static let ownRequest = Bounds(json: 4096, secret: 4096)
        /// From `twostepd`: a listing of some thousand devices.
        package static let reply = Bounds(json: 1024 * 1024, secret: 4096)
    }

    /// The lengths of the two parts that follow, within their bounds.
    package struct Header: Equatable, Sendable {
        package let jsonCount: Int
        package let secretCount: Int

        /// What is still to be read after the header, in bytes.
        package var bodyCount: Int { jsonCount + secretCount }

        /// Reads exactly the first `headerSize` bytes of a frame; throws `truncated` or `oversized`.
        package init(_ bytes: Span<UInt8>, within bounds: Bounds) throws(AdminProtocolError) {
            guard bytes.count == AdminFrame.headerSize else { throw .truncated }
            jsonCount = Header.number(bytes, at: 0)
            secretCount = Header.number(bytes, at: 4)
            guard jsonCount <= bounds.json, secretCount <= bounds.secret else { throw .oversized }
        }

        private static func number(_ bytes: Span<UInt8>, at start: Int) -> Int {
            (0..<4).reduce(0) { $0 << 8 | Int(bytes[start + $1]) }
        }
    }

    /// A whole frame in memory that wipes itself, since a part of it may be secret; throws `oversized`.
    package static func encode(
        json: [UInt8], secrets: borrowing SecretFields, within bounds: Bounds
    ) throws(AdminProtocolError) -> Secret {
        let secretCount = secrets.withBytes { $0.count }
        guard json.count <= bounds.json, secretCount <= bounds.secret else { throw .oversized }
        return secrets.withBytes { secret in
            Secret(count: headerSize + json.count + secret.count) { target in
                for index in 0..<4 {
                    target[index] = UInt8(truncatingIfNeeded: json.count >> (24 - 8 * index))
                    target[4 + index] = UInt8(truncatingIfNeeded: secret.count >> (24 - 8 * index))
                }
                for index in json.indices { target[headerSize + index] = json[index] }
                for index in secret.indices { target[headerSize + json.count + index] = secret[index] }
            }
        }
    }
}
