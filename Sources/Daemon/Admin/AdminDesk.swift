import AdminProtocol
import Authentication
import NIOCore

/// Answers what root asks: every verb in its place, the store's part on the writer's thread.
///
/// It belongs to the event loop.
final class AdminDesk {
    let service: LoginService
    let describe: () -> ServiceStatus
    /// Where the store's keys come from; nil for a store that has none.
    let keySource: SealingKeySource?
    /// Which store is in use; nil where nobody says.
    let storeSource: StoreSource?

    /// `status` describes the daemon as a whole.
    init(
        _ service: LoginService, keys keySource: SealingKeySource?, store storeSource: StoreSource?,
        status describe: @escaping () -> ServiceStatus
    ) {
        self.service = service
        self.keySource = keySource
        self.storeSource = storeSource
        self.describe = describe
    }

    /// Answers one request. `input` is its secret part; `enrollment` is what the connection has begun, and the answer
    /// says what it has then; `staged` is what it wants to import, `backup` the copy of the store that it has, `copy` the one that it is making elsewhere.
    func answer(
        _ request: AdminRequest, _ input: UserInput, enrollment: PendingEnrollment?, staged: StagedImport,
        backup: OpenBackup, copy: OpenCopy, _ answer: AdminAnswer
    ) {
        if service.generation.active?.upstream != nil, !request.isOfHosts {
            return answer.refuse(
                .misconfigured, "This host decides nothing: policy, devices and users are at its hubs.",
                hint: "Ask on a hub. How they are: twostep status")
        }
        switch request {
        case .status: status(describe(), answer)
        case .list(let name, let after): list(name, after: after, answer)
        case .beginEnrollment(let account, let module, let device, let parameters, let issuesNothing):
            withAccount(account, answer) { account, facts in
                self.begin(
                    account, facts.uid, module.module, device, parameters, issues: issuesNothing != true, answer)
            }
        case .beginEnrollmentWithKey(let account, let module, let device, let parameters, let issuesNothing):
            withAccount(account, answer) { account, facts in
                self.begin(
                    account, facts.uid, module.module, device, parameters, issues: issuesNothing != true, key: input,
                    answer)
            }
        case .finishEnrollment: finish(enrollment, input, answer)
        case .storeWithoutConfirmation: storeUnconfirmed(enrollment, answer)
        case .remove(let account, let device, let module, let force):
            withName(account, answer) { self.remove($0, device, module?.module, force: force, answer) }
        case .checkRemoval(let account, let device, let module, let force):
            withName(account, answer) {
                self.remove($0, device, module?.module, force: force, isTrial: true, answer)
            }
        case .verify(let account): withName(account, answer) { self.verify($0, input, answer) }
        case .unlock(let account): withName(account, answer) { self.unlock($0, answer) }
        case .show(let account, let device, let module, let purpose):
            withName(account, answer) { self.show($0, device, module?.module, for: purpose, answer) }
        case .stageDevices(let devices): stage(devices, input, in: staged, answer)
        case .commitImport(let whenPresent): commit(staged, whenPresent, isTrial: false, answer)
        case .checkImport(let whenPresent): commit(staged, whenPresent, isTrial: true, answer)
        case .users(let provider, let place): users(of: provider?.provider, after: place, answer)
        case .user(let username, let provider): user(username, provider?.provider, answer)
        case .setPassword(let username, let provider, let intent):
            setPassword(of: username, provider.provider, input, intent, answer)
        case .removeUser(let username, let provider): removeUser(username, provider.provider, answer)
        case .credentials(let place): credentials(after: place, answer)
        case .link(let username, let provider, let account): link(username, provider.provider, to: account, answer)
        case .unlink(let username, let provider): unlink(username, provider.provider, answer)
        case .sessions(let id): listSessions(after: id, answer)
        case .endSession(let id): endSession(id, answer)
        case .block(let account, let reason):
            withAccount(account, answer) { account, _ in self.block(account, reason ?? "", answer) }
        case .unblock(let account): withName(account, answer) { self.unblock($0, answer) }
        case .adopt(let account, let uid):
            withAccount(account, answer) { account, facts in self.adopt(account, facts.uid, expecting: uid, answer) }
        case .grants(let id, let account): listGrants(before: id, account, answer)
        case .revokeGrants(let id, let account): revokeGrants(id, account, answer)
        case .explain(let login): explain(login, answer)
        // A page of records is far from the longest reply there may be.
        case .records(let number, let count): answer(.records(service.recent.after(number, atMost: min(count, 100))))
        case .metrics: metrics(answer)
        case .report(let name): report(after: name, answer)
        case .keys: keys(answer)
        case .reseal(let row): reseal(after: row, answer)
        case .retireKeys: retireKeys(answer)
        case .beginBackup: beginBackup(in: backup, answer)
        case .backupPart(let offset): backupPart(at: offset, of: backup, answer)
        case .checkStore: checkStore(answer)
        case .beginCopy(let target, let passwordFile): beginCopy(to: target, passwordFile, in: copy, answer)
        case .copyPart: proceed(with: copy, answer)
        case .finishCopy: finish(copy, answer)
        case .hosts(let serial): hosts(after: serial, answer)
        case .addHost(let name, let services, let users, let days, let key):
            addHost(HostWish(name: name, services: services, users: users, days: days, publicKey: key), answer)
        case .revokeHost(let name): revokeHost(name, answer)
        }
    }

    // MARK: What the verbs share

    /// How many rows are read at most for a command line that asks for no pages: more are too long for one answer, however short
    /// they are.
    static let mostAtOnce = 10_000

    /// The configuration in force; answers that there is none.
    func activeConfiguration(_ answer: AdminAnswer, _ body: (ActiveConfiguration) -> Void) {
        if let active = service.generation.active { return body(active) }
        answer.refuse(
            .misconfigured,
            "The configuration is broken: \(service.generation.problems.first ?? "none was loaded")",
            hint: "Repair it; twostepd picks it up by itself.")
    }

    func withName(_ name: String, _ answer: AdminAnswer, _ body: (AccountName) -> Void) {
        guard let account = AccountName(name) else {
            return answer.refuse(.unknownAccount, "'\(JournalEntry.printable(name))' is no account's name.")
        }
        body(account)
    }

    /// Looks the account up in the system's directory first: nobody is enrolled who does not exist.
    func withAccount(
        _ name: String, _ answer: AdminAnswer, _ body: @escaping (AccountName, AccountFacts) -> Void
    ) {
        withName(name, answer) { account in
            service.directory.ask(for: 0) {
                $0.account(named: account)
            } then: { lookup in
                switch lookup {
                case .found(let facts): body(account, facts)
                case .notFound:
                    answer.refuse(
                        .unknownAccount, "There is no account '\(account)' on this machine.",
                        hint: "See: getent passwd \(account)")
                case .cannotTell, nil:
                    answer.refuse(
                        .busy, "The system's directory does not say whether there is an account '\(account)'.",
                        hint: "See: getent passwd \(account)")
                }
            }
        }
    }

    /// Runs the store's part on the writer's thread; its reply is the answer, unless `deliver` has more to do with it
    /// on the event loop.
    func withStore(
        _ answer: AdminAnswer,
        _ task: @escaping @Sendable (any EnrollmentStore) throws(StoreFailure) -> AdminReply,
        then deliver: ((AdminReply) -> Void)? = nil
    ) {
        service.ask(task) { (deliver ?? { answer($0) })(AdminDesk.reply($0)) }
    }

    /// The same for what only reads: beside the logins, where the store can be read there.
    func withReading(
        _ answer: AdminAnswer,
        _ task: @escaping @Sendable (any StoreReading) throws(StoreFailure) -> AdminReply,
        then deliver: ((AdminReply) -> Void)? = nil
    ) {
        service.read(task) { (deliver ?? { answer($0) })(AdminDesk.reply($0)) }
    }

    private static func reply(_ result: Result<AdminReply, StoreFailure>) -> AdminReply {
        switch result {
        case .success(let reply): reply
        case .failure(let failure): isUnusable(failure)
        }
    }

    /// What is said where the store has failed.
    static func isUnusable(_ failure: StoreFailure) -> AdminReply {
        .refusal(.storeUnavailable, "The store cannot be used: \(failure).", hint: "See: twostep status")
    }
}

extension AdminRequest {
    /// Whether it can be answered by a host whose hubs decide.
    fileprivate var isOfHosts: Bool {
        switch self {
        case .status, .records, .metrics: true
        case _: false
        }
    }
}
