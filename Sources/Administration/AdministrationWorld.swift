/// What commands touch of the machine, so that tests can stand in for it.
package struct AdministrationWorld {
    package let console: any Console
    package let accounts: any SystemAccounts
    /// How long the daemon may take for an answer, in milliseconds.
    package let replyLimit: Int64
    package let stores: any StoreMaker

    package init(
        console: any Console, accounts: any SystemAccounts, replyLimit: Int64 = 10_000,
        stores: any StoreMaker = HostStoreMaker()
    ) {
        self.console = console
        self.accounts = accounts
        self.replyLimit = replyLimit
        self.stores = stores
    }
}
