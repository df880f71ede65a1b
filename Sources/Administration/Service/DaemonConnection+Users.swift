import AdminProtocol

extension DaemonConnection {
    /// Throws where there is no account of this name and nothing is kept of it: somebody has mistyped it. Of an account
    /// that the system's directory does not know at present there may be something all the same.
    borrowing func checkIsKnown(
        _ account: String, in world: AdministrationWorld, otherwise: String
    ) throws(CommandFailure) {
        guard world.absence(of: account) != nil else { return }
        let listing = try listing(of: account)
        guard listing.devices.isEmpty, listing.counters.isEmpty, listing.blocks?.isEmpty ?? true else { return }
        throw CommandFailure(
            .refused, code: .unknownAccount,
            "There is no account '\(account)' on this machine, and nothing is kept of one. \(otherwise)",
            hint: "See who there is: twostep list; getent passwd \(Wording.word(account))")
    }

    /// What is to be known of a user, whether there is one or not; without a name the one of a provider with one alone.
    borrowing func user(named name: String?, provider: ProviderReference?) throws(CommandFailure) -> KeptUser {
        let answer = try ask(.user(username: name, provider: provider))
        guard case .user(let user) = answer.reply else { throw misplaced() }
        return user
    }

    /// A user who must be there: nobody types or agrees for nothing.
    borrowing func presentUser(named name: String, provider: ProviderReference?) throws(CommandFailure) -> KeptUser {
        let user = try user(named: name, provider: provider)
        guard user.changedAt != nil else {
            throw CommandFailure(
                .refused, code: .unknownUser,
                "\(user.provider.name) has no user '\(user.username)'. Nothing was changed.",
                hint: "See who there is: twostep user list")
        }
        return user
    }
}
