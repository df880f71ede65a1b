internal import Authentication

/// Where messages for a person go, as it is stored: version, channel, the address behind its length in two bytes.
struct NotifyTarget: Equatable {
    /// The longest address, in bytes (RFC 5321, 4.5.3.1.3, less the brackets).
    static let longestAddress = 254

    let kind: ChannelKind
    let address: String

    private static let version: UInt8 = 1
    private static let headerSize = 4

    init(_ kind: ChannelKind, _ address: String) {
        self.kind = kind
        self.address = address
    }

    /// Reads a whole payload; nil for anything that `payload` does not write.
    init?(_ payload: Span<UInt8>) {
        guard let (target, end) = NotifyTarget.read(payload), end == payload.count else { return nil }
        self = target
    }

    /// A target at the beginning of a payload, and where it ends.
    static func read(_ payload: Span<UInt8>) -> (target: NotifyTarget, end: Int)? {
        guard payload.count > headerSize, payload[0] == version, let kind = ChannelKind(rawValue: payload[1]) else {
            return nil
        }
        let count = Int(payload[2]) << 8 | Int(payload[3])
        let end = headerSize + count
        guard (1...longestAddress).contains(count), payload.count >= end,
            let address = try? UTF8Span(validating: payload.extracting(headerSize..<end))
        else { return nil }
        return (NotifyTarget(kind, String(copying: address)), end)
    }

    /// The payload, with so many more bytes behind it for `fill`.
    func payload(
        followedBy more: Int = 0, _ fill: (inout MutableSpan<UInt8>, _ start: Int) -> Void = { _, _ in }
    ) -> Secret {
        let bytes = Array(address.utf8)
        let end = NotifyTarget.headerSize + bytes.count
        return Secret(count: end + more) { target in
            target[0] = NotifyTarget.version
            target[1] = kind.rawValue
            target[2] = UInt8(truncatingIfNeeded: bytes.count >> 8)
            target[3] = UInt8(truncatingIfNeeded: bytes.count)
            for index in bytes.indices { target[NotifyTarget.headerSize + index] = bytes[index] }
            fill(&target, end)
        }
    }
}
