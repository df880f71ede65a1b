import Authentication

/// What is known of an account before it logs in: all that a rehearsal looks at.
struct AccountSituation: Sendable {
    var standing: Attempt.Standing
    /// Whether the account is the system's own or can become root; nil if that cannot be told.
    var isPrivileged: Bool?
    var devices: [DeviceListing] = []
    /// Whether these are all that it may have.
    var isUpToDate = true
    /// What there is left of each device whose module is configured.
    var standings: [DeviceKey: DeviceStanding] = [:]
    var counters: [ModuleID: FailureCounter] = [:]
    /// What the remote host has failed lately.
    var host = HostCounter()
    /// The usernames whose credentials open the account.
    var usernames: [ProviderID: AccountName] = [:]
    /// The administrator's code that is outstanding, in words.
    var bypass: String?

    /// What there is left of what the account has with a module: nothing can be judged beside a device that is damaged.
    func standing(with module: ModuleID) -> DeviceStanding? {
        let own = devices.filter { $0.key.module == module }.map { standings[$0.key] ?? .usable }
        return own.isEmpty ? nil : own.first { $0 == .damaged } ?? own.first { $0 == .usable } ?? .usedUp
    }
}
