import Glibc

/// A remote host as the counters know it: an address, never a name.
///
/// PAM_RHOST is advisory and may be a DNS name, which the client's side can choose; only what parses as an
/// address counts, compared as bytes (CVE-2024-10963: text comparison of host tokens).
struct RemoteAddress: Equatable {
    /// 4 or 16 bytes.
    let bytes: [UInt8]

    /// Accepts dotted IPv4, IPv6 with or without a zone, and IPv4 mapped into IPv6; nil for all else.
    init?(_ text: String) {
        let address = text.prefix { $0 != "%" }
        guard !address.isEmpty, address.utf8.count <= 45 else { return nil }
        if let four = RemoteAddress.parse(String(address), AF_INET, size: 4), !text.utf8.contains(UInt8(ascii: "%")) {
            bytes = four
        } else if let sixteen = RemoteAddress.parse(String(address), AF_INET6, size: 16) {
            let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
            bytes = sixteen.starts(with: mapped) ? Array(sixteen.dropFirst(12)) : sixteen
        } else {
            return nil
        }
    }

    /// The first token of SSH_CONNECTION (`client port server port`, ssh(1)).
    init?(sshConnection: String) {
        self.init(String(sshConnection.prefix { $0 != " " }))
    }

    private static func parse(_ text: String, _ family: Int32, size: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: size)
        return unsafe inet_pton(family, text, &bytes) == 1 ? bytes : nil
    }

    /// The key of the host's counter: the address itself for IPv4, the first 64 bits for IPv6, of which one
    /// customer has as many as he likes.
    var counterKey: String {
        let prefix = bytes.count == 4 ? bytes : Array(bytes.prefix(8))
        let digits = prefix.map { byte in
            let text = String(byte, radix: 16)
            return text.utf8.count == 1 ? "0" + text : text
        }
        return digits.joined() + (bytes.count == 4 ? "/32" : "/64")
    }
}
