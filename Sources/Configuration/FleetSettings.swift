/// A place on the network.
package struct NetworkPlace: Equatable, Sendable, CustomStringConvertible {
    /// A name, or an address without brackets.
    package let host: String
    /// 1 to 65535.
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `name:port`, `192.0.2.1:port` or `[2001:db8::1]:port`; nil for anything else.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard let port = Int(digits), (1...65_535).contains(port), digits.utf8.first != UInt8(ascii: "+") else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.utf8.contains(UInt8(ascii: ":")) else { return nil }
        } else if host.utf8.contains(UInt8(ascii: ":")) {
            return nil
        }
        guard NetworkPlace.isName(String(host)) else { return nil }
        self.init(host: String(host), port: port)
    }

    /// Whether a text can be a host's name or address: what may stand in a certificate.
    package static func isName(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "-") else { return false }
        return text.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"):
                true
            default: false
            }
        }
    }

    package var description: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// The hubs that decide for a host, which decides nothing itself.
package struct UpstreamSettings: Equatable, Sendable {
    /// In the order in which they are asked: at least one.
    package var hubs: [NetworkPlace]
    /// The file with the host's certificate and key, as `twostep host add` has written it.
    package var bundle: String

    package init(hubs: [NetworkPlace], bundle: String) {
        self.hubs = hubs
        self.bundle = bundle
    }
}

/// Where a hub serves the fleet's hosts.
package struct HubSettings: Equatable, Sendable {
    /// Its name or address as hosts have it in their lists: its certificate says so.
    package var name: String
    package var listen: [NetworkPlace]

    package init(name: String, listen: [NetworkPlace]) {
        self.name = name
        self.listen = listen
    }
}
