import Authentication

/// The last part: which account the provider's username opens.
extension LoginConversation {
    /// Gets the credentials of a provider's username, or creates them where that is allowed.
    func credit(_ user: UserKey, mayCreate: Bool) {
        if case .crediting(let progress) = flow.state { record.modules = progress.passed }
        rememberable = flow.rememberable
        record.module = nil
        guard let provider = configuration.providers[user.provider] else { return failed(.misconfigured) }
        whereKnown { self.credit(user, of: provider, mayCreate: mayCreate) }
    }

    private func credit(_ user: UserKey, of provider: any AuthProvider, mayCreate: Bool) {
        if provider.speaksOfAccounts {
            // Their credential is the account's own.
            guard mayCreate else { return credited(.account(user.username), user) }
            return service.ownCredentials(of: user) { self.credited($0, user) }
        }
        service.credentials(of: user, createdFor: nil) { found in
            guard case .refused = found, mayCreate, provider.createsCredentials, user.username == self.request.account
            else { return self.credited(found, user) }
            self.create(user)
        }
    }

    /// Creates credentials of a username for the account of that name, unless it is a privileged one.
    private func create(_ user: UserKey) {
        let account = request.account
        service.directory.ask { directory -> Bool? in
            switch directory.account(named: account) {
            case .notFound: return true
            case .cannotTell: return nil
            case .found(let facts): return directory.isPrivileged(account, facts)
            }
        } then: { isPrivileged in
            guard !self.isOver else { return }
            switch isPrivileged {
            case .some(false):
                self.service.credentials(of: user, createdFor: account) { self.credited($0, user) }
            case .some(true): self.credited(.refused, user)
            case .some(nil), nil: self.failed(.directoryUnavailable)
            }
        }
    }

    private func credited(_ credentials: Credentials, _ user: UserKey) {
        guard !isOver else { return }
        // The account that the credentials open must be the one that PAM asked for, byte for byte: the flow sees to it.
        switch credentials {
        case .account(let account) where account != request.account:
            record.hint = "the credentials of \(user.username) at \(user.provider) open the account \(account)"
        case .refused:
            record.hint =
                "no credentials: if it is the same person, twostep credentials link \(user.provider) "
                + "\(user.username) \(request.account)"
        case .account, .unavailable: break
        }
        switch flow.credited(credentials) {
        case .end(let verdict): end(verdict)
        }
    }
}
