internal import Authentication

/// The `otpauth://` URI that authenticator apps read from a QR code
/// (https://github.com/google/google-authenticator/wiki/Key-Uri-Format).
enum OTPAuthURI {
    /// The URI for a key of `kind` (`totp`, `hotp`) for the account of `request`, with `parameters` behind the key.
    ///
    /// An issuer with a colon is refused: apps cut the label at the first one, and would show another account.
    static func make(
        _ kind: String, for request: SetupRequest, key: Span<UInt8>, parameters: [(name: String, value: String)]
    ) throws(SetupFailure) -> Secret {
        guard !request.issuer.utf8.contains(UInt8(ascii: ":")) else {
            throw SetupFailure("the issuer is '\(request.issuer)', expected a name without a colon")
        }
        let issuer = encoded(request.issuer)
        let label = (issuer.isEmpty ? "" : issuer + ":") + encoded(request.account.text)
        var ending = issuer.isEmpty ? "" : "&issuer=" + issuer
        for parameter in parameters { ending += "&\(parameter.name)=\(encoded(parameter.value))" }
        // Only these halves are text; the key between them never is.
        let head = Array("otpauth://\(kind)/\(label)?secret=".utf8)
        let tail = Array(ending.utf8)
        let length = Base32.length(of: key.count)
        return Secret(count: head.count + length + tail.count) { target in
            for index in head.indices { target[index] = head[index] }
            for index in 0..<length { target[head.count + index] = Base32.character(at: index, of: key) }
            for index in tail.indices { target[head.count + length + index] = tail[index] }
        }
    }

    /// Percent-encodes all but the unreserved characters of RFC 3986 section 2.3.
    private static func encoded(_ text: String) -> String {
        let hexadecimal = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            case _:
                bytes += [UInt8(ascii: "%"), hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 0x0F)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
