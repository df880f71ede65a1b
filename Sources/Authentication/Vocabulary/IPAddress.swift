/// An address of a remote host, compared as bytes and never as text (CVE-2024-10963, CVE-2022-28321: host tokens
/// compared as strings).
///
/// What a remote host is called may be a DNS name, which the client's side can choose; only what parses as an address
/// counts. An IPv4 address mapped into IPv6 is that IPv4 address; a zone (`fe80::1%eth0`) is left out.
package struct IPAddress: Hashable, Sendable {
    /// 4 or 16 bytes.
    package let bytes: [UInt8]

    private static let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
    /// The longest text of an address: `ffff:…:ffff:255.255.255.255`, 45 characters.
    private static let longest = 45

    /// Accepts dotted IPv4 and IPv6 with or without a zone, as inet_pton(3) does; nil for all else.
    package init?(_ text: String) {
        if let four = IPAddress.dotted(text.utf8) {
            bytes = four
            return
        }
        let parts = text.utf8.split(separator: UInt8(ascii: "%"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first, address.count <= IPAddress.longest else { return nil }
        guard parts.count == 1 || !parts[1].isEmpty, let sixteen = IPAddress.colons(address) else { return nil }
        bytes = sixteen.starts(with: IPAddress.mapped) ? Array(sixteen.dropFirst(12)) : sixteen
    }

    /// An address made of 4 or 16 bytes.
    init(bytes: [UInt8]) { self.bytes = bytes }

    /// The client's address in SSH_CONNECTION (`client port server port`, ssh(1)).
    package init?(sshConnection: String) {
        self.init(String(sshConnection.prefix { $0 != " " }))
    }

    /// The key of the host's counter: the address itself for IPv4, the first 64 bits for IPv6, of which one
    /// customer has as many as he likes.
    package var counterKey: String {
        let prefix = bytes.count == 4 ? bytes : Array(bytes.prefix(8))
        var key: [UInt8] = []
        key.reserveCapacity(19)
        for byte in prefix {
            key.append(IPAddress.digit(byte >> 4))
            key.append(IPAddress.digit(byte & 0xF))
        }
        key += (bytes.count == 4 ? "/32" : "/64").utf8
        return String(decoding: key, as: UTF8.self)
    }

    /// A hexadecimal digit of a number from 0 to 15.
    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }

    /// Four numbers of 0 to 255 without leading zeros.
    private static func dotted(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4)
        var value = 0
        var digits = 0
        for byte in text {
            if byte == UInt8(ascii: ".") {
                guard digits > 0, bytes.count < 3 else { return nil }
                bytes.append(UInt8(value))
                value = 0
                digits = 0
                continue
            }
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), digits == 0 || value > 0 else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
            digits += 1
            guard value <= 255 else { return nil }
        }
        guard digits > 0, bytes.count == 3 else { return nil }
        bytes.append(UInt8(value))
        return bytes
    }

    /// Eight groups of up to four hexadecimal digits, of which `::` stands for one or more that are zero; the last two
    /// may be dotted (RFC 4291 section 2.2).
    private static func colons(_ text: some Collection<UInt8>) -> [UInt8]? {
        let colon = UInt8(ascii: ":")
        let all = Array(text)
        guard let gap = all.indices.dropLast().first(where: { all[$0] == colon && all[$0 + 1] == colon }) else {
            let bytes = groups(all[...])
            return bytes?.count == 16 ? bytes : nil
        }
        guard let head = gap == 0 ? [] : groups(all[..<gap], mayEndDotted: false),
            let tail = gap + 2 == all.count ? [] : groups(all[(gap + 2)...])
        else { return nil }
        let missing = 16 - head.count - tail.count
        guard missing >= 2 else { return nil }
        return head + [UInt8](repeating: 0, count: missing) + tail
    }

    private static func groups(_ text: ArraySlice<UInt8>, mayEndDotted: Bool = true) -> [UInt8]? {
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count <= 8 else { return nil }
        var bytes: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if mayEndDotted, index == parts.count - 1, let four = dotted(part) {
                bytes += four
                continue
            }
            guard (1...4).contains(part.count) else { return nil }
            var value: UInt16 = 0
            for digit in part {
                guard let digit = hexadecimal(digit) else { return nil }
                value = value << 4 | digit
            }
            bytes += [UInt8(value >> 8), UInt8(value & 0xFF)]
        }
        return bytes
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt16? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(digit - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(digit - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(digit - UInt8(ascii: "A") + 10)
        case _: nil
        }
    }
}
