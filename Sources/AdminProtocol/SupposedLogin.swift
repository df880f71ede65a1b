/// A login that nobody makes: what `explain` is asked about.
package struct SupposedLogin: Codable, Equatable, Sendable {
    package let service: String
    package let account: String
    /// PAM_RHOST, for sshd the address of the client.
    package let remoteHost: String?
    /// PAM_TTY.
    package let terminal: String?
    /// The lines of SSH_AUTH_INFO_0: `publickey ssh-ed25519`.
    package let ssh: [String]
    /// Whether a line above has taken a password.
    package let hasAuthtok: Bool
    /// The uid of the process that asks; nil for 0.
    package let caller: UInt32?
    /// `provider=` on the PAM line.
    package let provider: ProviderReference?
    /// Unix seconds; nil for now.
    package let moment: Int64?

    package init(
        service: String, account: String, remoteHost: String? = nil, terminal: String? = nil, ssh: [String] = [],
        hasAuthtok: Bool = false, caller: UInt32? = nil, provider: ProviderReference? = nil, moment: Int64? = nil
    ) {
        self.service = service
        self.account = account
        self.remoteHost = remoteHost
        self.terminal = terminal
        self.ssh = ssh
        self.hasAuthtok = hasAuthtok
        self.caller = caller
        self.provider = provider
        self.moment = moment
    }
}
