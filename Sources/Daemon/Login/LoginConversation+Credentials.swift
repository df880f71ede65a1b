import Authentication

/// The last part: which account the provider's username opens.
extension LoginConversation {
    /// Gets the credentials of a provider's username, or creates them where that is allowed.
    func credit(_ user: UserKey, mayCreate: Bool) {
        if case .crediting(let progress) = flow.state {
            record.modules = progress.passed
            record.waiver = progress.waiver
        }
        rememberable = flow.rememberable
        record.module = nil
        guard let provider = configuration.providers[user.provider] else { return failed(.misconfigured) }
        whereKnown {
            // Every answer was right: nothing that is refused from here on is one.
            self.refusal = nil
            self.credit(user, of: provider, mayCreate: mayCreate)
        }
    }

    private func credit(_ user: UserKey, of provider: any AuthProvider, mayCreate: Bool) {
        if provider.speaksOfAccounts {
            // Their credential is the account's own.
            guard mayCreate else { return credited(.account(user.username), user) }
            return service.ownCredentials(of: user) { self.credited($0, user) }
        }
        service.credentials(of: user, createdFor: nil, provedBy: mark) { found in
            guard case .refused = found, mayCreate, provider.createsCredentials, user.username == self.request.account
            else { return self.credited(found, user) }
            self.create(user)
        }
    }

    /// Creates credentials of a username for the account of that name, unless it is a privileged one.
    private func create(_ user: UserKey) {
        whereUnprivileged {
            self.service.credentials(of: user, createdFor: self.request.account, provedBy: self.mark) {
                self.credited($0, user)
            }
        } otherwise: {
            self.credited(.refused, user)
        }
    }

    /// Goes on where the account is one that credentials may be created for.
    private func whereUnprivileged(_ body: @escaping () -> Void, otherwise refuse: @escaping () -> Void) {
        let account = request.account
        service.directory.ask(for: lookUpPayer) { directory -> Bool? in
            switch directory.account(named: account) {
            case .notFound: return true
            case .cannotTell: return nil
            case .found(let facts): return directory.isPrivileged(account, facts)
            }
        } then: { isPrivileged in
            guard !self.isOver else { return }
            switch isPrivileged {
            case .some(false): body()
            case .some(true): refuse()
            case .some(nil), nil: self.failed(.directoryUnavailable)
            }
        }
    }

    /// Goes on where the credentials of the provider's username would let into the account by now, and ends the login
    /// where they would not: whoever they turn away has nothing to set up there. Nothing is created.
    func whereOpened(by user: UserKey, _ body: @escaping () -> Void) {
        // A change has no provider: it was proved with what the account itself has.
        guard change == nil else { return body() }
        guard let provider = configuration.providers[user.provider] else { return failed(.misconfigured) }
        // Such a username was compared with the account when it was proved.
        guard !provider.speaksOfAccounts else { return body() }
        let account = request.account
        let mark = mark
        service.ask { store throws(StoreFailure) in
            try store.prospect(of: user, for: account, provedBy: mark)
        } deliver: { prospect in
            guard !self.isOver else { return }
            switch prospect {
            case .failure: self.failed(.storeUnavailable)
            case .success(.account(account)?): body()
            case .success(nil) where provider.createsCredentials && user.username == account:
                self.whereUnprivileged(body) { self.turnAway(user, .refused) }
            case .success(let credentials): self.turnAway(user, credentials ?? .refused)
            }
        }
    }

    /// Ends the login of a username whose credentials do not open the account.
    func turnAway(_ user: UserKey, _ credentials: Credentials) {
        hint(at: credentials, of: user)
        // It is no answer of a form that is refused.
        refusal = nil
        refused(credentials == .outdated ? .wrongPassword : .credentialsRefused)
    }

    private func credited(_ credentials: Credentials, _ user: UserKey) {
        guard !isOver else { return }
        // The account that the credentials open must be the one that PAM asked for, byte for byte: the flow sees to it.
        hint(at: credentials, of: user)
        switch flow.credited(credentials) {
        case .end(let verdict): end(verdict)
        }
    }

    /// Notes for the journal what is to be done about credentials that do not open the account.
    private func hint(at credentials: Credentials, of user: UserKey) {
        switch credentials {
        case .account(let account) where account != request.account:
            record.hint = "the credentials of \(user.username) at \(user.provider) open the account \(account)"
        case .refused:
            record.hint =
                "no credentials: if it is the same person, twostep credentials link \(user.provider) "
                + "\(user.username) \(request.account)"
        case .outdated:
            record.hint = "the password of \(user.username) at \(user.provider) was changed since it was judged"
        case .account, .unavailable: break
        }
    }
}

extension EnrollmentStore {
    /// What a username's credentials open; nil where there are none, and some for `account` could be made.
    func prospect(
        of user: UserKey, for account: AccountName, provedBy mark: PasswordMark?
    ) throws(StoreFailure) -> Credentials? {
        guard try stillHas(mark) else { return .outdated }
        if let existing = try credentials(of: user) { return .account(existing) }
        return try userDatabase.username(opening: account, at: user.provider) == nil ? nil : .refused
    }
}
