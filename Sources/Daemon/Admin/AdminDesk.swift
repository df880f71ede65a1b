import AdminProtocol
import Authentication
import NIOCore

/// Answers what root asks: every verb in its place, the store's part on the writer's thread.
///
/// It belongs to the event loop.
final class AdminDesk {
    typealias Answer = (AdminReply, PendingEnrollment?) -> Void

    private let service: LoginService
    private let describe: () -> ServiceStatus

    /// `status` describes the daemon as a whole.
    init(_ service: LoginService, status describe: @escaping () -> ServiceStatus) {
        self.service = service
        self.describe = describe
    }

    /// Answers one request; `enrollment` is what the connection has begun, and the answer says what it has then.
    func answer(_ request: AdminRequest, code: UserInput?, enrollment: PendingEnrollment?, _ answer: @escaping Answer) {
        switch request {
        case .status: answer(.status(describe()), nil)
        case .list(let name): list(name, answer)
        case .beginEnrollment(let account, let module, let device, let parameters):
            withAccount(account, answer) { account, uid in
                self.begin(account, uid, module.module, device, parameters, answer)
            }
        case .finishEnrollment: finish(enrollment, code, answer)
        case .storeWithoutConfirmation: storeUnconfirmed(enrollment, answer)
        case .remove(let account, let device, let module, let force):
            withName(account, answer) { self.remove($0, device, module?.module, force: force, answer) }
        case .verify(let account): withName(account, answer) { self.verify($0, code, answer) }
        case .unlock(let account): withName(account, answer) { self.unlock($0, answer) }
        }
    }

    // MARK: Enrolling

    private func begin(
        _ account: AccountName, _ uid: UInt32, _ id: ModuleID, _ device: String, _ parameters: [String: String],
        _ answer: @escaping Answer
    ) {
        guard let configuration = service.generation.active else { return answer(misconfigured, nil) }
        guard let module = configuration.modules[id] as? any EnrollableModule else {
            let known = configuration.modules.values.compactMap { ($0 as? any EnrollableModule)?.id.description }
                .sorted()
            return answer(
                .refused(
                    AdminRefusal(
                        .unknownModule, "No module '\(id)' is configured that people enrol with.",
                        hint: "Configured are: \(known.joined(separator: ", "))")), nil)
        }
        guard AdminDesk.isDeviceName(device) else {
            return answer(
                .refused(
                    AdminRefusal(
                        .badParameter, "'\(device)' is no name for a device.",
                        hint: "A name has 1 to 64 printable characters.")), nil)
        }
        let setup: Setup
        do throws(SetupFailure) {
            setup = try module.beginSetup(
                SetupRequest(account: account, device: device, issuer: configuration.issuer, parameters: parameters))
        } catch {
            return answer(.refused(AdminRefusal(.badParameter, error.explanation)), nil)
        }
        let state = setup.initialState
        let description = setup.payload.withBytes { module.describe($0, state: state) }
        let key = DeviceKey(account: account, module: id, device: device)
        let pending = PendingEnrollment(setup, module: module, key: key, uid: uid)
        withStore(answer) { store throws(StoreFailure) in
            let existing = try store.devices(of: account)
            if let other = existing.first(where: { $0.uid != uid }) {
                return .refused(
                    AdminRefusal(
                        .badParameter, "\(account) had the uid \(other.uid) when it was enrolled, and has \(uid) now.",
                        hint: "If it is the same person: remove the old devices with --force and enrol anew."))
            }
            return .enrollmentBegun(
                EnrollmentBegun(
                    account: account.text, module: ModuleReference(id), device: device, description: description,
                    replaces: existing.contains { $0.key == key }))
        } deliver: { reply in
            if case .enrollmentBegun = reply { answer(reply, pending) } else { answer(reply, nil) }
        }
    }

    private func finish(_ pending: PendingEnrollment?, _ code: UserInput?, _ answer: @escaping Answer) {
        guard let pending, let code else { return answer(outOfTurn, pending) }
        let now = service.clocks.now()
        // A module may take its time over what people choose (a KDF): not on the event loop.
        service.slowWork.run(for: pending.key.account) { () -> Result<FinishedEnrollment, SetupRejection> in
            do throws(SetupRejection) {
                return .success(FinishedEnrollment(try pending.module.finishSetup(pending.setup, code, at: now)))
            } catch {
                return .failure(error)
            }
        } then: { result in
            switch result {
            case .success(let finished)?: self.store(pending, finished, at: now, answer)
            case .failure(let rejection)?: answer(.refused(AdminDesk.refusal(rejection)), pending)
            case nil: answer(.refused(AdminRefusal(.busy, "Too much is being done at once. Try again.")), pending)
            }
        }
    }

    private static func refusal(_ rejection: SetupRejection) -> AdminRefusal {
        switch rejection {
        case .wrong, .malformed:
            AdminRefusal(
                .wrongCode, "That code is wrong; nothing is stored yet.",
                hint: "Check the clocks of the phone and of this machine, and type the next code.")
        case .unacceptable(let explanation): AdminRefusal(.badParameter, explanation)
        case .unavailable: AdminRefusal(.internal, "The module cannot judge anything. Nothing is stored.")
        }
    }

    private func storeUnconfirmed(_ pending: PendingEnrollment?, _ answer: @escaping Answer) {
        guard let pending, pending.setup.canGoUnconfirmed else { return answer(outOfTurn, pending) }
        let finished = FinishedEnrollment(FinishedSetup(state: pending.setup.initialState))
        store(pending, finished, at: service.clocks.now(), answer)
    }

    private func store(
        _ pending: PendingEnrollment, _ finished: FinishedEnrollment, at now: Moment, _ answer: @escaping Answer
    ) {
        let journal = service.journal
        withStore(answer) { store throws(StoreFailure) in
            let replaced = try pending.store(finished.setup, at: now, in: store)
            let verb = replaced ? "replaced" : "added"
            journal.notice(
                "device \(verb) user=\"\(pending.key.account)\" module=\(pending.key.module) device=\"\(pending.key.device)\""
            )
            return .enrollmentDone(
                EnrollmentDone(
                    account: pending.key.account.text, module: ModuleReference(pending.key.module),
                    device: pending.key.device, replaced: replaced))
        } deliver: { reply in
            if case .enrollmentDone = reply { answer(reply, nil) } else { answer(reply, pending) }
        }
    }

    private static func isDeviceName(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        return (1...64).contains(bytes.count) && JournalEntry.printable(name) == name
            && name.first != " " && name.last != " "
    }

    // MARK: Looking and changing

    private func list(_ name: String?, _ answer: @escaping Answer) {
        guard let name else { return list(account: nil, answer) }
        withName(name, answer) { self.list(account: $0, answer) }
    }

    private func list(account: AccountName?, _ answer: @escaping Answer) {
        let modules = service.generation.active?.modules ?? [:]
        let throttle = service.generation.active?.throttle ?? Throttle()
        let now = service.clocks.now()
        withStore(answer) { store throws(StoreFailure) in
            var devices: [EnrolledDevice] = []
            for listing in try store.devices(of: account) {
                devices.append(AdminDesk.describe(listing, modules, store.sealing))
            }
            let counters = try store.counters(of: account)
            let failures = AdminDesk.standings(of: counters, throttle, at: now)
            return .listing(Listing(devices: devices, counters: failures))
        } deliver: {
            answer($0, nil)
        }
    }

    private static func describe(
        _ listing: DeviceListing, _ modules: [ModuleID: any AuthModule], _ sealing: any SecretSealing
    ) -> EnrolledDevice {
        var description: String?
        var problem: String?
        if let module = modules[listing.key.module] as? any EnrollableModule {
            do throws(StoreFailure) {
                let payload = try sealing.open(listing.device.sealed, at: listing.key)
                description = payload.withBytes { module.describe($0, state: listing.device.state) }
            } catch {
                problem = error.description
            }
        } else {
            problem = "its module is not configured"
        }
        return EnrolledDevice(
            account: listing.key.account.text, module: ModuleReference(listing.key.module),
            device: listing.key.device, description: description, createdAt: listing.device.createdAt,
            lastUsedAt: listing.device.lastUsedAt, problem: problem)
    }

    private static func standings(
        of counters: [CounterListing], _ throttle: Throttle, at now: Moment
    ) -> [AccountFailures] {
        let accounts = Dictionary(grouping: counters, by: \.account)
        return counters.map { listing in
            let all = Dictionary(
                uniqueKeysWithValues: (accounts[listing.account] ?? []).map { ($0.module, $0.counter) })
            let standing = throttle.standing(of: AccountRecord(counters: all), at: now)
            var seconds: Int64 = 0
            let word: AccountFailures.Standing
            switch standing {
            case .open: word = .open
            case .locked: word = .locked
            case .delayed(let left): (word, seconds) = (.delayed, left)
            }
            return AccountFailures(
                account: listing.account.text, module: ModuleReference(listing.module),
                failures: listing.counter.failures, lastFailureAt: listing.counter.last?.wall, standing: word,
                delaySeconds: seconds)
        }
    }

    private func remove(
        _ account: AccountName, _ device: String, _ module: ModuleID?, force: Bool, _ answer: @escaping Answer
    ) {
        let journal = service.journal
        withStore(answer) { store throws(StoreFailure) in
            let all = try store.devices(of: account)
            let named = all.filter { $0.key.device == device && (module == nil || $0.key.module == module) }
            guard let found = named.first else {
                let names = all.map { "\($0.key.device) (\($0.key.module))" }.joined(separator: ", ")
                return .refused(
                    AdminRefusal(
                        .unknownDevice, "\(account) has no device '\(device)'.",
                        hint: names.isEmpty ? "\(account) has no device at all." : "\(account) has: \(names)"))
            }
            guard named.count == 1 else {
                return .refused(
                    AdminRefusal(
                        .badParameter, "\(account) has a device '\(device)' with several modules.",
                        hint: "Say which: --module \(named.map(\.key.module.description).joined(separator: " or "))"))
            }
            guard all.count > 1 || force else {
                return .refused(
                    AdminRefusal(
                        .lastDevice, "'\(device)' is the last device of \(account), who could then not log in.",
                        hint: "Enrol another first, or say --force."))
            }
            guard try store.remove(found.key) else {
                return .refused(AdminRefusal(.unknownDevice, "\(account) has no device '\(device)' any more."))
            }
            journal.notice("device removed user=\"\(account)\" module=\(found.key.module) device=\"\(device)\"")
            return .removed(
                Removal(
                    account: account.text, module: ModuleReference(found.key.module), device: device,
                    remaining: all.count - 1))
        } deliver: {
            answer($0, nil)
        }
    }

    private func verify(_ account: AccountName, _ code: UserInput?, _ answer: @escaping Answer) {
        guard let code else { return answer(outOfTurn, nil) }
        guard let configuration = service.generation.active else { return answer(misconfigured, nil) }
        let modules = configuration.modules.values.compactMap { $0 as? any EnrollableModule }
            .sorted { $0.id.description < $1.id.description }
        let now = service.clocks.now()
        withStore(answer) { store throws(StoreFailure) in
            let all = try store.devices(of: account)
            guard !all.isEmpty else {
                return .refused(
                    AdminRefusal(
                        .unknownDevice, "\(account) has no device.",
                        hint: "Add one with: twostep enroll \(account) totp"))
            }
            for module in modules {
                let own = all.filter { $0.key.module == module.id }.map(\.device)
                var devices = Devices(own, of: account, module: module.id, sealing: store.sealing)
                guard let found = module.diagnose(code, against: &devices, at: now) else { continue }
                return .verified(
                    CodeDiagnosis(
                        account: account.text,
                        match: CodeDiagnosis.Match(
                            module: ModuleReference(module.id), device: found.device, offset: found.offset,
                            secondsPerUnit: found.secondsPerUnit,
                            isAcceptable: AdminDesk.wouldPass(code, own, module, account, store.sealing, at: now),
                            isSpent: found.isSpent)))
            }
            return .verified(CodeDiagnosis(account: account.text, match: nil))
        } deliver: {
            answer($0, nil)
        }
    }

    /// Whether a login would take the code now: judged on a copy of the devices that is thrown away.
    private static func wouldPass(
        _ code: UserInput, _ own: [Device], _ module: any EnrollableModule, _ account: AccountName,
        _ sealing: any SecretSealing, at now: Moment
    ) -> Bool {
        var copy = Devices(own, of: account, module: module.id, sealing: sealing)
        let session = ValidationSession(
            id: ValidationSession.ID(high: 0, low: 0), account: account, provider: ProviderID("pam"),
            step: Step(module.id), deadline: now.boottime, triesLeft: 1)
        do throws(InvalidAuth) {
            return try module.validate(session, code, against: &copy, at: now) == account
        } catch {
            return false
        }
    }

    private func unlock(_ account: AccountName, _ answer: @escaping Answer) {
        let journal = service.journal
        withStore(answer) { store throws(StoreFailure) in
            let failures = try store.unlock(account)
            journal.notice("unlocked user=\"\(account)\" failures=\(failures)")
            return .unlocked(Unlocking(account: account.text, failures: failures))
        } deliver: {
            answer($0, nil)
        }
    }

    // MARK: What the verbs share

    private var misconfigured: AdminReply {
        .refused(
            AdminRefusal(
                .misconfigured,
                "The configuration is broken: \(service.generation.problems.first ?? "none was loaded")",
                hint: "Repair it; twostepd picks it up by itself."))
    }

    private var outOfTurn: AdminReply {
        .refused(AdminRefusal(.badParameter, "Nothing was begun that this could finish."))
    }

    private func withName(_ name: String, _ answer: @escaping Answer, _ body: (AccountName) -> Void) {
        guard let account = AccountName(name) else {
            return answer(
                .refused(AdminRefusal(.unknownAccount, "'\(JournalEntry.printable(name))' is no account's name.")), nil)
        }
        body(account)
    }

    /// Looks the account up in the system's directory first: nobody is enrolled who does not exist.
    private func withAccount(
        _ name: String, _ answer: @escaping Answer, _ body: @escaping (AccountName, UInt32) -> Void
    ) {
        withName(name, answer) { account in
            service.directory.ask {
                $0.account(named: account)
            } then: { lookup in
                switch lookup {
                case .found(let facts): body(account, facts.uid)
                case .notFound:
                    answer(
                        .refused(
                            AdminRefusal(
                                .unknownAccount, "There is no account '\(account)' on this machine.",
                                hint: "See: getent passwd \(account)")), nil)
                case .cannotTell, nil:
                    answer(
                        .refused(
                            AdminRefusal(
                                .busy, "The system's directory does not say whether there is an account '\(account)'.",
                                hint: "See: getent passwd \(account)")), nil)
                }
            }
        }
    }

    /// Runs the store's part on the writer's thread and delivers its reply on the event loop.
    private func withStore(
        _ answer: @escaping Answer,
        _ task: @escaping @Sendable (any EnrollmentStore) throws(StoreFailure) -> AdminReply,
        deliver: @escaping (AdminReply) -> Void
    ) {
        let loop = service.loop
        let delivery = NIOLoopBound(deliver, eventLoop: loop)
        service.writer.perform { result in
            let reply: AdminReply
            do throws(StoreFailure) {
                reply = try task(try result.get())
            } catch {
                reply = .refused(
                    AdminRefusal(.storeUnavailable, "The store cannot be used: \(error).", hint: "See: twostep status"))
            }
            loop.execute { delivery.value(reply) }
        }
    }
}
