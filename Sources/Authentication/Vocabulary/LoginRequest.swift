/// Who asks to be let in as whom, through what, and with what evidence: all that policy may look at.
package struct LoginRequest: Equatable, Sendable {
    package var service: String
    package var account: AccountName
    /// PAM_RHOST, or the address in SSH_CONNECTION for sshd; nil where there is none.
    package var remoteHost: String?
    package var terminal: String?
    package var remoteUser: String?
    package var evidence: Evidence
    /// The connection that sshd asks for; nil for every other service.
    package var connection: SSHConnection?
    /// The provider named on the PAM line.
    package var provider: ProviderID?
    /// Those of the policy's groups that the account belongs to, as the system's directory says.
    package var groups: Set<String> = []
    /// When it began; nil where that cannot be told.
    package var localTime: LocalTime?
    /// Whose word all this is.
    package var origin: Origin

    /// Whether nothing that is said of it keeps it from being one at the machine itself. It need not be one for that.
    package var mayBeLocal: Bool { service != "sshd" && (remoteHost ?? "").isEmpty }

    /// Whose word a request is.
    package enum Origin: Equatable, Sendable {
        /// A process of uid 0, or a caller that the configuration lists: believed.
        case trusted
        /// The account's own uid: of what it says only the name and the answers count.
        case accountItself(uid: UInt32)
    }

    package init(
        service: String, account: AccountName, remoteHost: String? = nil, terminal: String? = nil,
        remoteUser: String? = nil, evidence: Evidence = Evidence(), provider: ProviderID? = nil,
        origin: Origin = .trusted
    ) {
        self.service = service
        self.account = account
        self.remoteHost = remoteHost
        self.terminal = terminal
        self.remoteUser = remoteUser
        self.evidence = evidence
        self.provider = provider
        self.origin = origin
    }
}
