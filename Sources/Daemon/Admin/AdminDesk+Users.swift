import AdminProtocol
import Authentication

/// The users and passwords that are kept for providers.
extension AdminDesk {
    /// How many users or credentials a page has: with the longest names far from the longest reply there may be.
    static let usersAPage = 250

    func users(of provider: ProviderID?, after place: UserPlace?, _ answer: AdminAnswer) {
        guard provider != nil else { return listUsers(of: nil, after: place, answer) }
        withKeeper(provider, isShared: false, answer) { self.listUsers(of: $0.id, after: place, answer) }
    }

    private func listUsers(of provider: ProviderID?, after place: UserPlace?, _ answer: AdminAnswer) {
        activeConfiguration(answer) { configuration in
            let providers = configuration.providers
            withReading(answer) { store throws(StoreFailure) in
                let page = try store.users(
                    of: provider, after: place ?? .beginning,
                    atMost: place == nil ? AdminDesk.mostAtOnce : AdminDesk.usersAPage)
                guard place != nil || page.next == nil else { return .tooLong }
                let users = page.listed.compactMap { AdminDesk.describe($0, providers) }
                return .users(UserListing(users: users, next: page.next))
            }
        }
    }

    /// A user as administrators see one; nil for what is none.
    private static func describe(_ listed: ListedUser, _ providers: [ProviderID: any AuthProvider]) -> KeptUser? {
        let key = listed.user.key
        let keeper = providers[key.provider] as? any PasswordKeeping
        // A password that is nobody's in particular is no user.
        guard !key.provider.isOfFleet, keeper?.onlyUsername == nil else { return nil }
        return KeptUser(
            provider: ProviderReference(key.provider), username: key.username.text, changedAt: listed.user.changedAt,
            account: listed.account?.text, createsCredentials: keeper?.createsCredentials ?? false,
            problem: keeper == nil ? "its provider is not configured" : nil)
    }

    /// What is to be known of a user before anything is done with them.
    func user(_ username: String?, _ provider: ProviderID?, _ answer: AdminAnswer) {
        withUser(username, provider, isShared: username == nil, answer) { key, keeper in
            let creates = keeper.createsCredentials
            self.withStore(answer) { store throws(StoreFailure) in
                let present = try store.users(of: key.provider).first { $0.key == key }
                return .user(
                    KeptUser(
                        provider: ProviderReference(key.provider), username: key.username.text,
                        changedAt: present?.changedAt, account: try store.credentials(of: key)?.text,
                        createsCredentials: creates))
            }
        }
    }

    func setPassword(
        of username: String, _ provider: ProviderID, _ input: UserInput, _ intent: PasswordIntent,
        _ answer: AdminAnswer
    ) {
        withUser(username, provider, isShared: intent == .share, answer) { key, keeper in
            if let complaint = KeptPassword.complaint(about: input) {
                return answer.refuse(.unacceptable, complaint)
            }
            self.service.slowWork.run(for: .administrator) {
                KeptPassword.hash(input, keeper)
            } then: { result in
                switch result {
                case .success(let hash)?: self.store(hash, of: key, keeper, intent, answer)
                case .failure(let failure)?:
                    answer.refuse(.internal, "The password cannot be hashed: \(failure.explanation).")
                case nil: answer.refuse(.busy, "Too much is being done at once. Try again.")
                }
            }
        }
    }

    private func store(
        _ hash: KeptPassword, of key: UserKey, _ keeper: any PasswordKeeping, _ intent: PasswordIntent,
        _ answer: AdminAnswer
    ) {
        let journal = service.journal
        let now = service.clocks.now().wall
        let creates = keeper.createsCredentials
        withStore(answer) { store throws(StoreFailure) in
            let user = ProviderUser(
                key: key, sealedHash: try store.sealing.seal(hash.hash, at: key), changedAt: now)
            let replaced: Bool
            switch intent {
            case .add:
                guard try store.add(user) else { return AdminDesk.exists(key) }
                replaced = false
            case .change:
                guard try store.change(user) else { return AdminDesk.unknown(key) }
                replaced = true
            case .share:
                // Nothing comes between the two: this is the one thread that writes.
                replaced = try !store.add(user)
                if replaced, try !store.change(user) { return AdminDesk.unknown(key) }
            }
            journal.notice(
                "password \(replaced ? "changed" : "set") provider=\(key.provider) username=\"\(key.username)\"")
            return .passwordSet(
                PasswordChange(
                    user: KeptUser(
                        provider: ProviderReference(key.provider), username: key.username.text, changedAt: now,
                        account: try store.credentials(of: key)?.text, createsCredentials: creates),
                    replaced: replaced))
        } then: { reply in
            self.service.endLogins(provedBy: key)
            answer(reply)
        }
    }

    func removeUser(_ username: String, _ provider: ProviderID, _ answer: AdminAnswer) {
        withUser(username, provider, isShared: false, answer) { key, _ in
            let journal = self.service.journal
            self.withStore(answer) { store throws(StoreFailure) in
                let account = try store.credentials(of: key)
                guard try store.removeUser(key) else { return AdminDesk.unknown(key) }
                journal.notice("user removed provider=\(key.provider) username=\"\(key.username)\"")
                return .userRemoved(
                    UserRemoval(
                        provider: ProviderReference(key.provider), username: key.username.text,
                        account: account?.text))
            } then: { reply in
                self.service.forgetCredentials()
                self.service.endLogins(provedBy: key)
                answer(reply)
            }
        }
    }

    static func exists(_ key: UserKey) -> AdminReply {
        .refusal(
            .userExists, "\(key.provider) has a user '\(key.username)' already.",
            hint: "Another password for that one: twostep user passwd")
    }

    static func unknown(_ key: UserKey) -> AdminReply {
        .refusal(
            .unknownUser, "\(key.provider) has no user '\(key.username)'. Nothing was changed.",
            hint: "See who there is: twostep user list")
    }

    // MARK: Whose users

    /// The user that is meant, in the form in which the provider keeps the name; nil is the one user of a provider that
    /// knows no other. Answers what is wrong with either.
    private func withUser(
        _ username: String?, _ provider: ProviderID?, isShared: Bool, _ answer: AdminAnswer,
        _ body: (UserKey, any PasswordKeeping) -> Void
    ) {
        withKeeper(provider, isShared: isShared, answer) { keeper in
            let kept = (username ?? keeper.onlyUsername?.text).flatMap { keeper.username($0) }
            if let only = keeper.onlyUsername, only != kept {
                return answer.refuse(.unknownUser, "\(keeper.id) knows one user alone, who is '\(only)'.")
            }
            guard let kept else {
                return answer.refuse(
                    .badParameter, "'\(JournalEntry.printable(username ?? ""))' can be no username of \(keeper.id).",
                    hint: "A name has 1 to 255 bytes of printable text, without / and :.")
            }
            body(UserKey(kept, at: keeper.id), keeper)
        }
    }

    /// The provider that is meant: one with users of its own, or one with a single password that all share. Where it is
    /// not named, it must be the only one.
    private func withKeeper(
        _ provider: ProviderID?, isShared: Bool, _ answer: AdminAnswer, _ body: (any PasswordKeeping) -> Void
    ) {
        activeConfiguration(answer) { configuration in
            let keepers = configuration.policy.chains.compactMap {
                configuration.providers[$0.provider] as? any PasswordKeeping
            }
            let fitting = keepers.filter { ($0.onlyUsername != nil) == isShared }
            let names = fitting.map(\.id.description)
            let kind = isShared ? "one password for all" : "users of its own"
            guard let provider else {
                if let only = fitting.first, fitting.count == 1 { return body(only) }
                return fitting.isEmpty
                    ? answer.refuse(
                        .unknownProvider, "No provider with \(kind) is configured.",
                        hint:
                            "One is of type \(isShared ? "legacy_api_password" : "homeassistant"): see twostep.yaml(5)."
                    )
                    : answer.refuse(
                        .unknownProvider,
                        "Several providers with \(kind) are configured: \(names.joined(separator: ", ")).",
                        hint: "Say which: --provider \(names.joined(separator: " or "))")
            }
            if let keeper = fitting.first(where: { $0.id == provider }) { return body(keeper) }
            guard configuration.providers[provider] != nil else {
                return answer.refuse(
                    .unknownProvider, "No provider '\(JournalEntry.printable(provider.description))' is configured.",
                    hint: names.isEmpty ? nil : "With \(kind): \(names.joined(separator: ", "))")
            }
            let verb = isShared ? "twostep user" : "twostep legacy passwd"
            let isOther = keepers.contains { $0.id == provider }
            answer.refuse(
                .unknownProvider, "The provider '\(provider)' has not \(kind).",
                hint: isOther ? "Try: \(verb)" : names.isEmpty ? nil : "With \(kind): \(names.joined(separator: ", "))")
        }
    }
}
