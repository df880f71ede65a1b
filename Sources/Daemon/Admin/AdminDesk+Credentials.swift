import AdminProtocol
import Authentication

/// Which username of a provider opens which local account.
extension AdminDesk {
    func credentials(after place: UserPlace?, _ answer: AdminAnswer) {
        withReading(answer) { store throws(StoreFailure) in
            let page = try store.credentials(
                after: place ?? .beginning, atMost: place == nil ? AdminDesk.mostAtOnce : AdminDesk.usersAPage)
            guard place != nil || page.next == nil else { return .tooLong }
            return .credentials(
                CredentialsListing(
                    credentials: page.listed.map {
                        LinkedCredentials(
                            provider: ProviderReference($0.user.provider), username: $0.user.username.text,
                            account: $0.account.text, createdAt: $0.createdAt)
                    }, next: page.next))
        }
    }

    /// Root may link any account, privileged ones as well: that is said, and not refused.
    func link(_ username: String, _ provider: ProviderID, to account: String, _ answer: AdminAnswer) {
        activeConfiguration(answer) { configuration in
            guard let found = configuration.providers[provider] else {
                let names = configuration.policy.chains.map(\.provider.description).joined(separator: ", ")
                return answer.refuse(
                    .unknownProvider, "No provider '\(JournalEntry.printable(provider.description))' is configured.",
                    hint: "Configured are: \(names)")
            }
            guard !found.speaksOfAccounts else {
                return answer.refuse(
                    .badParameter, "The users of \(provider) are the local accounts themselves.",
                    hint: "There is nothing to link: each opens the account of its own name.")
            }
            let key = AdminDesk.key(username, at: found)
            if let only = (found as? any PasswordKeeping)?.onlyUsername, only != key?.username {
                return answer.refuse(.unknownUser, "\(provider) knows one user alone, who is '\(only)'.")
            }
            guard let key else {
                return answer.refuse(
                    .badParameter, "'\(JournalEntry.printable(username))' can be no username of \(provider).")
            }
            withAccount(account, answer) { account, facts in
                self.service.directory.ask(for: 0) {
                    $0.isPrivileged(account, facts)
                } then: { isPrivileged in
                    // Too late an answer is one that cannot be told.
                    self.link(
                        key, to: account, isPrivileged: isPrivileged ?? nil, keepsUsers: found is any PasswordKeeping,
                        answer)
                }
            }
        }
    }

    private func link(
        _ key: UserKey, to account: AccountName, isPrivileged: Bool?, keepsUsers: Bool, _ answer: AdminAnswer
    ) {
        let journal = service.journal
        let now = service.clocks.now()
        withStore(answer) { store throws(StoreFailure) in
            let linking = try store.link(key, to: account, at: now)
            switch linking {
            case .opensAnother(let other):
                return .refusal(
                    .linkedOtherwise, "'\(key.username)' of \(key.provider) opens the account '\(other)' already.",
                    hint: "Unlink it first: twostep credentials unlink \(key.provider) '\(key.username)'")
            case .openedByAnother(let other):
                return .refusal(
                    .linkedOtherwise,
                    "The account '\(account)' is opened by '\(other)' of \(key.provider) already.",
                    hint: "Unlink that one first: twostep credentials unlink \(key.provider) '\(other)'")
            case .linked:
                journal.notice(
                    "credentials linked provider=\(key.provider) username=\"\(key.username)\" user=\"\(account)\"")
            case .unchanged: break
            }
            let users = keepsUsers ? try store.users(of: key.provider) : []
            return .linked(
                CredentialsLink(
                    provider: ProviderReference(key.provider), username: key.username.text, account: account.text,
                    isUnchanged: linking == .unchanged, isPrivileged: isPrivileged,
                    lacksUser: keepsUsers && !users.contains { $0.key == key }))
        } then: { reply in
            self.service.forgetCredentials()
            answer(reply)
        }
    }

    /// Works without a configuration too, and for a provider that is not configured any more: what nobody can use should
    /// be removable.
    func unlink(_ username: String, _ provider: ProviderID, _ answer: AdminAnswer) {
        let configured = service.generation.active?.providers[provider]
        let plain = AccountName(username).map { UserKey($0, at: provider) }
        guard let key = configured.flatMap({ AdminDesk.key(username, at: $0) }) ?? plain else {
            return answer.refuse(
                .badParameter, "'\(JournalEntry.printable(username))' can be no username of anybody.")
        }
        let journal = service.journal
        withStore(answer) { store throws(StoreFailure) in
            guard let account = try store.removeCredentials(of: key) else {
                return .refusal(
                    .unknownUser, "'\(key.username)' has no credentials at \(key.provider). Nothing was changed.",
                    hint: "See which there are: twostep credentials list")
            }
            journal.notice(
                "credentials unlinked provider=\(key.provider) username=\"\(key.username)\" user=\"\(account)\"")
            return .unlinked(
                CredentialsRemoval(
                    provider: ProviderReference(key.provider), username: key.username.text, account: account.text))
        } then: { reply in
            self.service.forgetCredentials()
            self.service.endLogins(provedBy: key)
            answer(reply)
        }
    }

    /// The username in the form in which the provider keeps and compares it; nil for what can be none.
    private static func key(_ username: String, at provider: any AuthProvider) -> UserKey? {
        let keeper = provider as? any PasswordKeeping
        let name = keeper.map { $0.username(username) } ?? AccountName(username)
        return name.map { UserKey($0, at: provider.id) }
    }
}
