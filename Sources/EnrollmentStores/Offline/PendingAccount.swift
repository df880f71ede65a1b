internal import Authentication

/// What an account has spent and failed while the server was away.
struct PendingAccount {
    /// By which the server knows whether it has taken this over already.
    let id: String
    let account: AccountName
    /// How many failures are to be added, by module.
    let failures: [ModuleID: Int]
    /// The account's devices and counters as the copy has them.
    let devices: [DeviceListing]
    let counters: [ModuleID: FailureCounter]
}
