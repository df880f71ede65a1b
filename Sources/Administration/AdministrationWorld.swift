import AdminProtocol
import Daemon
import Glibc

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
    package let journal: JournalProgram
    package let history: any LoginHistory
    /// How long `log --follow` waits before it asks the daemon again, in milliseconds.
    package let pollInterval: Int32
    /// Seconds since 1970, by the clock of this machine, which is the daemon's as well.
    package let now: () -> Int64
    /// Whether something keeps that clock right; nil if it cannot be told.
    package let isClockSynchronized: () -> Bool?
    package let host: any StackHost

    package init(
        console: any Console, accounts: any SystemAccounts, replyLimit: Int64 = 10_000,
        stores: any StoreMaker = HostStoreMaker(), mayChangeUser: Bool = false, speaksUTF8: Bool = true,
        journal: JournalProgram = .host, history: any LoginHistory = HostLoginHistory(), pollInterval: Int32 = 500,
        now: @escaping () -> Int64 = { Int64(time(nil)) },
        isClockSynchronized: @escaping () -> Bool? = { SystemClocks().isSynchronized },
        host: any StackHost = SystemStackHost()
    ) {
        self.console = console
        self.accounts = accounts
        self.replyLimit = replyLimit
        self.stores = stores
        self.mayChangeUser = mayChangeUser
        self.speaksUTF8 = speaksUTF8
        self.journal = journal
        self.history = history
        self.pollInterval = pollInterval
        self.now = now
        self.isClockSynchronized = isClockSynchronized
        self.host = host
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

    /// The uid of an account; nil where there is none, or that cannot be told.
    func uid(of user: String) -> UInt32? {
        do throws(SystemAccountsFailure) {
            return try accounts.uid(ofUser: user)
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
