/// Validation sessions that are open: logins that wait for an answer.
package struct SessionListing: Codable, Equatable, Sendable {
    package let sessions: [WaitingSession]
    /// What to ask for next: the sessions whose ids are after this one; nil at the end.
    package let next: String?

    package init(sessions: [WaitingSession], next: String? = nil) {
        self.sessions = sessions
        self.next = next
    }
}

/// A validation session as administrators see it: nothing that was typed, and no secret.
package struct WaitingSession: Codable, Equatable, Sendable {
    /// 32 hexadecimal digits.
    package let id: String
    package let account: String
    package let provider: ProviderReference
    /// The modules of the step: one, or those of which any will do.
    package let modules: [ModuleReference]
    package let service: String
    /// Nil for a login at the machine itself, or of a caller who is not believed.
    package let remoteHost: String?
    /// The uid of the process that asks.
    package let peer: UInt32
    /// How much longer an answer is in time.
    package let secondsLeft: Int64
    package let triesLeft: Int

    package init(
        id: String, account: String, provider: ProviderReference, modules: [ModuleReference], service: String,
        remoteHost: String?, peer: UInt32, secondsLeft: Int64, triesLeft: Int
    ) {
        self.id = id
        self.account = account
        self.provider = provider
        self.modules = modules
        self.service = service
        self.remoteHost = remoteHost
        self.peer = peer
        self.secondsLeft = secondsLeft
        self.triesLeft = triesLeft
    }
}
