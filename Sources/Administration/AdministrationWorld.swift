import AdminProtocol
import Glibc

/// What commands touch of the machine, so that tests can stand in for it.
package struct AdministrationWorld {
    package let console: any Console
    package let accounts: any SystemAccounts
    /// How long the daemon may take for an answer, in milliseconds.
    package let replyLimit: Int64
    package let stores: any StoreMaker
    /// Seconds since 1970, by the clock of this machine, which is the daemon's as well.
    package let now: () -> Int64

    package init(
        console: any Console, accounts: any SystemAccounts, replyLimit: Int64 = 10_000,
        stores: any StoreMaker = HostStoreMaker(), now: @escaping () -> Int64 = { Int64(time(nil)) }
    ) {
        self.console = console
        self.accounts = accounts
        self.replyLimit = replyLimit
        self.stores = stores
        self.now = now
    }

    /// That there is no account of this name, in a sentence; nil if there is one, or if it cannot be told.
    ///
    /// The daemon knows people who have left, too. So of a name that was mistyped it says only that nothing is
    /// there, which at three in the morning reads as if everything were in order.
    func absence(of user: String) -> String? {
        do throws(SystemAccountsFailure) {
            guard try accounts.uid(ofUser: user) == nil else { return nil }
            return "There is no account '\(user)' on this machine: see getent passwd \(user)"
        } catch {
            return nil
        }
    }

    /// A refusal that concerns `user`: where nothing was found, and nobody has that name, it says so.
    func explained(_ failure: CommandFailure, about user: String) -> CommandFailure {
        guard failure.refusal.code == .unknownDevice, let absence = absence(of: user) else { return failure }
        return CommandFailure(failure, hint: absence)
    }
}
