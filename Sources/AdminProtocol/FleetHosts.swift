/// A host of the fleet, as the hubs' register has it.
package struct RegisteredHost: Codable, Equatable, Sendable {
    package let name: String
    /// The certificate's, in hexadecimal digits.
    package let serial: String
    /// Unix seconds.
    package let issuedAt: Int64
    /// Unix seconds.
    package let until: Int64
    /// PAM's services that it may ask for; `*` is any.
    package let services: [String]
    /// Accounts that it may ask about, `@group` or `*`.
    package let users: [String]
    /// Unix seconds; nil while the certificate is good.
    package let revokedAt: Int64?
    /// Unix seconds, to the hour; nil if it never was.
    package let seenAt: Int64?
    /// Whether it is connected to this hub now.
    package let isConnected: Bool
    /// How often logins that it has relayed have failed within the hour.
    package let failures: Int

    package init(
        name: String, serial: String, issuedAt: Int64, until: Int64, services: [String], users: [String],
        revokedAt: Int64? = nil, seenAt: Int64? = nil, isConnected: Bool = false, failures: Int = 0
    ) {
        self.name = name
        self.serial = serial
        self.issuedAt = issuedAt
        self.until = until
        self.services = services
        self.users = users
        self.revokedAt = revokedAt
        self.seenAt = seenAt
        self.isConnected = isConnected
        self.failures = failures
    }
}

/// Hosts of the fleet.
package struct HostListing: Codable, Equatable, Sendable {
    package let hosts: [RegisteredHost]
    /// What to ask for next: the hosts whose serials are after this one; nil at the end.
    package let next: String?

    package init(hosts: [RegisteredHost], next: String? = nil) {
        self.hosts = hosts
        self.next = next
    }
}

/// A certificate that was just issued.
package struct IssuedHost: Codable, Equatable, Sendable {
    package let host: RegisteredHost
    /// The host's certificate, in DER and base64.
    package let certificate: String
    /// The fleet's own, likewise.
    package let authority: String
    /// Other certificates of the name that are good still.
    package let others: Int

    package init(host: RegisteredHost, certificate: String, authority: String, others: Int) {
        self.host = host
        self.certificate = certificate
        self.authority = authority
        self.others = others
    }
}

extension RegisteredHost {
    /// Whether a text can be a host's name: a certificate's common name, and a word in journals.
    package static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// What is said of a text that cannot, behind that.
    package static let isNoName = "can be no host's name: 1 to 64 letters, digits, '.', '-', '_'."
}
