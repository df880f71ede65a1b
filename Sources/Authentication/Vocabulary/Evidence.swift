/// What the host process knows of a first factor that was proved outside.
package struct Evidence: Equatable, Sendable {
    /// Method and key type, one for each line of SSH_AUTH_INFO_0 (`publickey ssh-ed25519`).
    package var methods: [String]
    /// Whether PAM_AUTHTOK is set: a line above has taken a password, and let the login come this far.
    package var hasAuthtok: Bool
    /// The peer is the account itself: its uid is, as the kernel says (a screen locker).
    package var isAccountItself: Bool
    /// It is certain that sshd wanted a touch or a PIN for each security key, and that root alone says whose keys it
    /// takes. The type of a key proves neither.
    package var isSecurityKeyCertain = false

    package init(methods: [String] = [], hasAuthtok: Bool = false, isAccountItself: Bool = false) {
        self.methods = methods
        self.hasAuthtok = hasAuthtok
        self.isAccountItself = isAccountItself
    }

    /// Whether anything outside proved a first factor. keyboard-interactive alone is we ourselves, asked
    /// through sshd: no evidence.
    package var provesFirstFactor: Bool {
        isAccountItself || hasAuthtok || methods.contains { Evidence.isProof($0) }
    }

    /// The type of the security key that sshd has accepted (PROTOCOL.u2f of OpenSSH); nil where there is none.
    package var securityKey: String? {
        for line in methods {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            if words.count == 2, words[0] == "publickey", Evidence.securityKeys.contains(String(words[1])) {
                return String(words[1])
            }
        }
        return nil
    }

    /// Keys that an authenticator holds, and certificates of such keys; no other type counts, whatever it is called.
    private static let securityKeys: Set<String> = [
        "sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
    ]

    /// The ssh methods that prove something by themselves (sshd_config(5), AuthenticationMethods). A method
    /// we have never heard of is none of them.
    private static let proofs = ["publickey", "password", "hostbased", "gssapi-with-mic", "gssapi-keyex"]

    private static func isProof(_ line: String) -> Bool {
        proofs.contains { proof in
            line.utf8.starts(with: proof.utf8)
                && line.utf8.dropFirst(proof.utf8.count).first.map { $0 == UInt8(ascii: " ") } ?? true
        }
    }
}
