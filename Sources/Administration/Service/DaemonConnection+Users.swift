import AdminProtocol

extension DaemonConnection {
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
