import AdminProtocol
import Cryptography
import Foundation
import Glibc

/// The file that a host gets: its certificate, the fleet's, its key, in PEM (RFC 7468).
enum BundleFile {
    /// Writes it, for its owner alone, where nothing stands; returns why that cannot be done.
    static func write(_ issued: IssuedHost, _ key: borrowing SigningKey, hubs: String?, to path: String) -> String? {
        guard let certificate = Data(base64Encoded: issued.certificate),
            let authority = Data(base64Encoded: issued.authority)
        else { return "the daemon has sent no certificate" }
        var text: [UInt8] = []
        // Nothing is moved to other memory, which would leave a key behind.
        text.reserveCapacity(16_384)
        defer { for index in text.indices { text[index] = 0 } }
        text += "# Twostep: the key of \(issued.host.name). Whoever has it can ask the hubs in its name.\n".utf8
        if let hubs, hubs.utf8.allSatisfy({ (0x20...0x7E).contains($0) }), hubs.utf8.count <= 2000 {
            text += "# Hubs: \(hubs)\n".utf8
        }
        append("CERTIFICATE", Array(certificate).span, to: &text)
        append("CERTIFICATE", Array(authority).span, to: &text)
        do throws(CryptographyFailure) {
            var own: [UInt8] = []
            own.reserveCapacity(1024)
            defer { for index in own.indices { own[index] = 0 } }
            try key.withBytes { append("EC PRIVATE KEY", $0, to: &own) }
            for byte in own { text.append(byte) }
        } catch {
            return "libcrypto does not give the key away"
        }
        return save(text, to: path)
    }

    private static func append(_ label: String, _ bytes: Span<UInt8>, to text: inout [UInt8]) {
        text += "-----BEGIN \(label)-----\n".utf8
        var digits = Base64.bytes(bytes)
        defer { for index in digits.indices { digits[index] = 0 } }
        for (index, digit) in digits.enumerated() {
            text.append(digit)
            if index % 64 == 63 { text.append(UInt8(ascii: "\n")) }
        }
        if digits.count % 64 != 0 { text.append(UInt8(ascii: "\n")) }
        text += "-----END \(label)-----\n".utf8
    }

    private static func save(_ text: [UInt8], to path: String) -> String? {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return unsafe String(cString: strerror(errno)) }
        defer { close(descriptor) }
        let written = unsafe text.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard written == text.count, fsync(descriptor) == 0 else {
            _ = unsafe unlink(path)
            return "not all of it could be written"
        }
        return nil
    }
}
