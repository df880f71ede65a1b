/// A connection as `sshd -C` is told of it (sshd(8)).
package struct SSHDConnection: Hashable {
    package var user: String
    package var host: String
    /// If it is not said, the addresses are those that nobody has (RFC 5737).
    package var address: String
    package var localAddress: String
    package var localPort: String
    package var routingDomain = ""

    package init(
        user: String, host: String = "host.invalid", address: String = "192.0.2.1", localAddress: String = "192.0.2.2",
        localPort: String = "22"
    ) {
        self.user = user
        self.host = host
        self.address = address
        self.localAddress = localAddress
        self.localPort = localPort
    }

    /// The value of `-C`.
    package var argument: String {
        let parts = [
            "user=\(user)", "host=\(host)", "addr=\(address)", "laddr=\(localAddress)", "lport=\(localPort)",
            "rdomain=\(routingDomain)",
        ]
        return parts.joined(separator: ",")
    }

    /// In a sentence: what of it is no matter of course.
    package func words(besides usual: SSHDConnection) -> String {
        var words: [String] = []
        if user != usual.user { words.append("user \(user)") }
        if host != usual.host { words.append("host \(host)") }
        if address != usual.address { words.append("address \(address)") }
        if localAddress != usual.localAddress { words.append("local address \(localAddress)") }
        if localPort != usual.localPort { words.append("port \(localPort)") }
        if routingDomain != usual.routingDomain { words.append("routing domain \(routingDomain)") }
        return words.isEmpty ? "everybody" : words.joined(separator: ", ")
    }
}
