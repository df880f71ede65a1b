/// A connection that sshd serves, as its Match lines look at it.
package struct SSHConnection: Equatable, Sendable {
    /// What sshd calls the client: PAM_RHOST, a name where UseDNS is on.
    package let host: String
    package let address: String
    package let localAddress: String
    package let localPort: String

    /// Nil unless `connection` is the value of SSH_CONNECTION: two addresses, each with a port behind it.
    package init?(_ connection: String, host: String) {
        let words = connection.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 4, IPAddress(words[0]) != nil, IPAddress(words[2]) != nil, UInt16(words[1]) != nil,
            UInt16(words[3]) != nil
        else { return nil }
        self.host = host
        address = words[0]
        localAddress = words[2]
        localPort = words[3]
    }
}
