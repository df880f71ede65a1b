import Authentication
import Wire

/// What was set up in the login, on its way to the store.
extension LoginConversation {
    /// Keeps what was set up, and has it stored with the last step: who leaves in between has set up nothing.
    func keep(_ pending: PendingEnrollment, _ finished: FinishedEnrollment) {
        guard case .judging(.enrollment(let index), let progress) = flow.state, let user = userSettingUp else {
            return violated()
        }
        finishedSetups.append((pending, finished))
        guard index + 1 >= progress.chain.steps.count else { return setUp(.stored(pending.key.module)) }
        let owed = Set(progress.chain.steps.flatMap(\.alternatives))
        whereOpened(by: user) { self.store(owed, for: user) }
    }

    /// Stores all that was set up, unless the account has come by anything of it in the meantime: somebody else may be
    /// logging in.
    private func store(_ owed: Set<ModuleID>, for user: UserKey) {
        let finished = finishedSetups
        guard let (first, _) = finished.first, let (last, _) = finished.last,
            case .judging = flow.state
        else { return violated() }
        let speaksOfAccounts = change != nil || configuration.providers[user.provider]?.speaksOfAccounts == true
        let change = change
        let proof = proof
        let mark = mark
        let journal = service.journal
        let now = service.clocks.now()
        service.ask { store throws(StoreFailure) -> StoredSetup in
            let account = first.key.account
            // Strictly: what is damaged is not nothing.
            let existing = try store.holdings(of: account)
            guard existing.allSatisfy({ $0.uid == first.uid }) else { return .accountChanged }
            let isFree =
                change.map {
                    $0.isStillDue(after: proof, among: existing) && !existing.contains { $0.key == first.key }
                } ?? !existing.contains { owed.contains($0.key.module) }
            guard isFree else { return .taken }
            if let excess = DeviceExcess(storing: finished.map { ($0.0.key, $0.0.module) }, beside: existing) {
                return .tooMany(excess)
            }
            // What can be created was looked at a moment ago; what somebody else has got since counts.
            if !speaksOfAccounts, let prospect = try store.prospect(of: user, for: account, provedBy: mark),
                prospect != .account(account)
            {
                return .notOpened(prospect)
            }
            var listings: [DeviceListing] = []
            let companion = existing.allSatisfy({ $0.key.module.isStopgap }) ? first.companion : nil
            let used = UsedKeys(
                of: finished.map { $0.begun } + (companion.map { [$0] } ?? []), among: existing, in: store)
            for (pending, finished) in finished {
                listings.append(try pending.sealed(finished.setup, after: used, at: now, in: store))
            }
            if let companion {
                listings.append(try companion.sealed(companion.unconfirmed, after: used, at: now, in: store))
            }
            try store.add(listings)
            for (pending, _) in finished { journal.notice(pending.entry("enrolled")) }
            if let companion { journal.notice(companion.entry("issued")) }
            return .stored(issued: companion != nil)
        } deliver: {
            self.stored($0, last.key.module, issuing: first.companion, for: user)
        }
    }

    private func stored(
        _ result: Result<StoredSetup, StoreFailure>, _ last: ModuleID, issuing companion: PendingEnrollment?,
        for user: UserKey
    ) {
        finishedSetups = []
        guard !isOver else { return }
        switch result {
        case .failure: setUp(.unavailable(.storeUnavailable))
        case .success(.accountChanged):
            record.hint = "the account's uid differs from the one it was enrolled with"
            setUp(.unavailable(.accountChanged))
        case .success(.taken):
            record.hint =
                change == nil
                ? "the account was enrolled by another login while this one was at it"
                : "the account's devices were changed while this change was at it"
            refusal = Texts.refused
            setUp(.rejected(.notPermitted), isFinal: true)
        case .success(.tooMany(let excess)):
            record.hint = excess.text
            refusal = excess.text
            setUp(.rejected(.notPermitted), isFinal: true)
        case .success(.notOpened(let credentials)): turnAway(user, credentials)
        case .success(.stored(let isIssued)):
            record.hasEnrolled = true
            guard isIssued, let companion else { return setUp(.stored(last)) }
            show(companion, after: last)
        }
    }

    /// Shows codes once. Whatever is typed then, they have been seen.
    private func show(_ companion: PendingEnrollment, after module: ModuleID) {
        var text = PromptText()
        text.append(Texts.codesIssued)
        text.append(lines: companion.setup.codes)
        text.append(Texts.keepCodes)
        expectation = .acknowledgement(module)
        prompt(.visible, showing: text)
    }
}

/// What became of a set-up at the store.
private enum StoredSetup: Sendable {
    case stored(issued: Bool)
    /// The account has something with the modules by now.
    case taken
    /// The account would have more than it may.
    case tooMany(DeviceExcess)
    /// The credentials of whoever sets it up do not open it any more.
    case notOpened(Credentials)
    /// Its devices are those of another uid.
    case accountChanged
}
