/// A connection as `sshd -C` is told of it (sshd(8)).
package struct SSHDConnection: Hashable {
    package var user: String
    var host = "host.invalid"
    /// Addresses that nobody has (RFC 5737).
    var address = "192.0.2.1"
    var localAddress = "192.0.2.2"
    var localPort = "22"
    var routingDomain = ""

    /// The value of `-C`.
    var argument: String {
        let parts = [
            "user=\(user)", "host=\(host)", "addr=\(address)", "laddr=\(localAddress)", "lport=\(localPort)",
            "rdomain=\(routingDomain)",
        ]
        return parts.joined(separator: ",")
    }

    /// In a sentence: what of it is no matter of course.
    func words(besides usual: SSHDConnection) -> String {
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
