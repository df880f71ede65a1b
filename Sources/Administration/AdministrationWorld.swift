/// What commands touch of the machine, so that tests can stand in for it.
package struct AdministrationWorld {
    package let console: any Console
    package let accounts: any SystemAccounts
    /// How long the daemon may take for an answer, in milliseconds.
    package let replyLimit: Int64
    package let stores: any StoreMaker
    /// Whether the process is this command's alone, so that it may be another user for a while.
    package let mayChangeUser: Bool
    /// Whether the terminal shows more than ASCII.
    package let speaksUTF8: Bool

    package init(
        console: any Console, accounts: any SystemAccounts, replyLimit: Int64 = 10_000,
        stores: any StoreMaker = HostStoreMaker(), mayChangeUser: Bool = false, speaksUTF8: Bool = true
    ) {
        self.console = console
        self.accounts = accounts
        self.replyLimit = replyLimit
        self.stores = stores
        self.mayChangeUser = mayChangeUser
        self.speaksUTF8 = speaksUTF8
    }
}
