/// A range of addresses: `10.1.2.0/24`, `2001:db8::/32`, or one address.
package struct Network: Hashable, Sendable, CustomStringConvertible {
    private let address: IPAddress
    /// Leading bits that count: 0 to 32, or to 128.
    private let length: Int
    package let description: String

    /// Nil for anything but an address, or an address and a length behind a slash with no bit set after it: whoever
    /// writes `10.1.2.3/24` may mean the host or the network.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(String(first)), !text.utf8.contains(UInt8(ascii: "%"))
        else { return nil }
        let most = address.bytes.count * 8
        var length = most
        if parts.count == 2 {
            guard let written = Settings.number(String(parts[1])) else { return nil }
            // A mapped network is written with the 96 bits that map it.
            length = first.utf8.contains(UInt8(ascii: ":")) && most == 32 ? written - 96 : written
            guard (0...most).contains(length) else { return nil }
        }
        self.address = address
        self.length = length
        description = text
        guard address == Network.masked(address, to: length) else { return nil }
    }

    /// Whether the address lies in it; an IPv4 network holds no IPv6 address, nor the other way round.
    package func contains(_ other: IPAddress) -> Bool {
        other.bytes.count == address.bytes.count && Network.masked(other, to: length) == address
    }

    private static func masked(_ address: IPAddress, to length: Int) -> IPAddress {
        address.keeping { index, byte in
            let bits = min(max(length - index * 8, 0), 8)
            return byte & UInt8(truncatingIfNeeded: 0xFF00 >> bits)
        }
    }
}

extension IPAddress {
    /// The address with each byte made anew from its place and its value.
    fileprivate func keeping(_ change: (Int, UInt8) -> UInt8) -> IPAddress {
        IPAddress(bytes: bytes.enumerated().map { change($0.offset, $0.element) })
    }
}
