import AdminProtocol
import CPOSIX
import Cryptography
import Foundation
import Glibc

/// The file that a host gets: its certificate, the fleet's, its key, in PEM (RFC 7468).
struct BundleFile: ~Copyable {
    private let descriptor: Int32
    private let path: String
    private var isWhole = false

    /// Makes an empty one, for its owner alone, where nothing stands: before a certificate is asked for that could not be kept.
    init(at path: String) throws(CommandFailure) {
        let made = unsafe path.withCString { unsafe posix_create_private($0) }
        guard made >= 0 else {
            let code = posix_errno()
            throw CommandFailure(
                .refused, code: .files, "\(path) cannot be made: \(SystemError.text(code)). No certificate was issued.",
                hint: code == EEXIST ? "It is there already: name another file with --out, or remove that one." : nil)
        }
        (descriptor, self.path) = (made, path)
    }

    deinit {
        _ = close(descriptor)
        if !isWhole { unsafe unlink(path) }
    }

    /// Writes what was issued to it; returns why that cannot be done.
    mutating func write(_ issued: IssuedHost, _ key: borrowing SigningKey, hubs: String?) -> String? {
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
        BundleFile.append("CERTIFICATE", Array(certificate).span, to: &text)
        BundleFile.append("CERTIFICATE", Array(authority).span, to: &text)
        do throws(CryptographyFailure) {
            var own: [UInt8] = []
            own.reserveCapacity(1024)
            defer { for index in own.indices { own[index] = 0 } }
            try key.withBytes { BundleFile.append("EC PRIVATE KEY", $0, to: &own) }
            for byte in own { text.append(byte) }
        } catch {
            return "libcrypto does not give the key away"
        }
        let code = WholeWrite.perform(text.span, to: descriptor)
        guard code == 0 else { return SystemError.text(code) }
        guard fsync(descriptor) == 0 else { return SystemError.text(posix_errno()) }
        isWhole = true
        return nil
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
}
