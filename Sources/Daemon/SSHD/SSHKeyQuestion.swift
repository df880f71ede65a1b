package import Authentication

/// What a witness is asked about: a connection, and the process that asks PAM for it.
package struct SSHKeyQuestion: Equatable, Sendable {
    /// The process of sshd's that asks, as the kernel has named it.
    package let process: Int32
    package let connection: SSHDConnection

    /// Nil for a login that sshd cannot be asked about: one of nobody known, or with a name that `sshd -C` has no way to be
    /// told.
    package init?(_ request: LoginRequest, process: Int32) {
        guard let connection = request.connection, process > 0 else { return nil }
        self.process = process
        self.connection = SSHDConnection(
            user: request.account.text, host: connection.host, address: connection.address,
            localAddress: connection.localAddress, localPort: connection.localPort)
        guard words.allSatisfy(SSHKeyQuestion.isPlain) else { return nil }
    }

    /// The longest line, in bytes.
    static let longestLine = 1024

    /// `twostep-sshd 1 4711 alice 192.0.2.7 192.0.2.7 192.0.2.1 22`.
    package var line: String { (["twostep-sshd", "1", String(process)] + words).joined(separator: " ") + "\n" }

    /// What such a line says, without its end; nil for one that is none.
    package init?(line: String) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 8, words[0] == "twostep-sshd", words[1] == "1", let process = Int32(words[2]), process > 0,
            words.allSatisfy(SSHKeyQuestion.isPlain)
        else { return nil }
        self.process = process
        connection = SSHDConnection(
            user: words[3], host: words[4], address: words[5], localAddress: words[6], localPort: words[7])
    }

    private var words: [String] {
        [
            connection.user, connection.host, connection.address, connection.localAddress, connection.localPort,
        ]
    }

    /// Whether a word means the same to us, to `sshd -C` and to a pattern: no comma, equals sign, blank or control.
    private static func isPlain(_ word: String) -> Bool {
        (1...255).contains(word.utf8.count)
            && word.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                case _: [UInt8](".:_-%@$\\".utf8).contains(byte)
                }
            }
    }
}

extension SSHKeyTestimony {
    /// As a launcher answers: `counts`, or `doubtful` and why.
    var line: String {
        switch self {
        case .counts: "counts\n"
        case .doubtful(let reason):
            "doubtful \(String(reason.unicodeScalars.prefix(512).map { $0 == "\n" ? " " : Character($0) }))\n"
        }
    }

    /// What such a line says, without its end; whatever is none is a doubt.
    package init(line: String) {
        let words = line.split(separator: " ", maxSplits: 1).map(String.init)
        switch words.first {
        case "counts" where line == "counts": self = .counts
        case "doubtful" where words.count == 2: self = .doubtful(words[1])
        case _: self = .doubtful("whoever asks sshd has answered nothing that makes sense")
        }
    }
}
