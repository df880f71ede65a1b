import AdminProtocol
import AuthModules
import Authentication

/// A device from its first word to its row in the store.
extension AdminDesk {
    /// Makes a new secret for an account, or takes the one in `key`; nothing is stored yet.
    func begin(
        _ account: AccountName, _ uid: UInt32, _ id: ModuleID, _ device: String?, _ parameters: [String: String],
        issues: Bool, key: UserInput? = nil, terms: ChangeTerms = .administrator, _ answer: AdminAnswer
    ) {
        activeConfiguration(answer) { configuration in
            let known = AdminDesk.enrollable(configuration)
            guard let module = known.first(where: { $0.id == id }) else {
                let names = known.filter { !$0.id.isStopgap }.map(\.id.description).joined(separator: ", ")
                return answer.refuse(
                    .unknownModule, "No module '\(id)' is configured that people enrol with.",
                    hint: names.isEmpty ? "None is: see twostep.yaml(5)." : "Configured are: \(names)")
            }
            guard AdminDesk.checkName(device, of: module, answer) else { return }
            let issuing = issues && !module.isIssuedWithFirstDevice && !module.id.isStopgap
            let companion = issuing ? known.first(where: \.isIssuedWithFirstDevice) : nil
            let request = SetupRequest(
                account: account, device: device ?? module.usualDeviceName, issuer: configuration.issuer,
                parameters: parameters, at: service.clocks.now())
            do throws(SetupFailure) {
                if let issued = module as? IssuedCodeModule {
                    try issued.checkEnd(of: request, at: service.clocks.now())
                }
            } catch {
                return answer.refuse(.badParameter, error.explanation)
            }
            service.beginSetup(
                request, with: module, uid: uid, companion: companion, key: key, for: terms.payer
            ) { result in
                switch result {
                case .success(let pending)?: self.begun(pending, terms, answer)
                case .failure(let failure)?: answer.refuse(.badParameter, failure.explanation)
                case nil: answer.refuse(.busy, "Too much is being done at once. Try again.")
                }
            }
        }
    }

    /// Says what was begun, and what storing it will replace.
    private func begun(_ pending: PendingEnrollment, _ terms: ChangeTerms, _ answer: AdminAnswer) {
        let (key, module, uid) = (pending.key, pending.module, pending.uid)
        let description = pending.description
        let form = pending.form
        withStore(answer) { store throws(StoreFailure) in
            let existing = try store.devices(of: key.account)
            if let refusal = terms.refusal(existing) { return .refused(refusal) }
            if let other = existing.first(where: { $0.uid != uid }) {
                return .refusal(
                    .badParameter, "\(key.account) had the uid \(other.uid) when it was enrolled, and has \(uid) now.",
                    hint: "If it is the same person: remove the old devices with --force and enrol anew.")
            }
            if let excess = DeviceExcess(storing: [(key, module)], beside: existing) {
                return .refused(excess.refusal(toAdministrator: terms.mayForce))
            }
            let replaces = existing.contains { $0.key == key }
            if replaces { pending.announceReplacing() }
            return .enrollmentBegun(
                EnrollmentBegun(
                    account: key.account.text, module: ModuleReference(key.module), device: key.device,
                    description: description, replaces: replaces, form: form))
        } then: { reply in
            if case .enrollmentBegun = reply { answer(reply, enrollment: pending) } else { answer(reply) }
        }
    }

    /// Judges the answer to the form, and stores the device if it is right.
    func finish(
        _ pending: PendingEnrollment?, _ input: UserInput, terms: ChangeTerms = .administrator, _ answer: AdminAnswer
    ) {
        guard let pending else { return answer.refuse(.badParameter, AdminDesk.outOfTurn) }
        guard input.count == pending.form.count else {
            return answer.refuse(
                .badParameter, "The form has \(pending.form.count) fields, and \(input.count) were filled in.",
                enrollment: pending)
        }
        guard !pending.form.isEmpty else { return storeUnconfirmed(pending, terms: terms, answer) }
        let now = service.clocks.now()
        // A module may take its time over what people choose (a KDF): not on the event loop.
        service.pool(for: pending.module).run(for: terms.payer) {
            pending.finish(input, at: now)
        } then: { result in
            switch result {
            case .success(let finished)?: self.store(pending, finished, terms, at: now, answer)
            case .failure(let rejection)?:
                answer(.refused(AdminDesk.refusal(rejection, of: pending)), enrollment: pending)
            case nil:
                answer.refuse(.busy, "Too much is being done at once. Try again.", enrollment: pending)
            }
        }
    }

    /// Stores the device as it was begun.
    func storeUnconfirmed(
        _ pending: PendingEnrollment?, terms: ChangeTerms = .administrator, _ answer: AdminAnswer
    ) {
        guard let pending else { return answer.refuse(.badParameter, AdminDesk.outOfTurn) }
        guard pending.setup.canGoUnconfirmed else {
            return answer.refuse(
                .badParameter,
                "A device with \(pending.key.module) is made of what the person types: there is nothing to store yet.",
                hint: "Leave out --no-confirm, and pass the answers on standard input.", enrollment: pending)
        }
        let finished = FinishedEnrollment(pending.unconfirmed)
        store(pending, finished, terms, at: service.clocks.now(), answer)
    }

    private func store(
        _ pending: PendingEnrollment, _ finished: FinishedEnrollment, _ terms: ChangeTerms, at now: Moment,
        _ answer: AdminAnswer
    ) {
        let journal = service.journal
        withStore(answer) { store throws(StoreFailure) in
            // What is damaged is not nothing: its owner's codes on paper are not to be replaced unasked.
            let held = try? store.holdings(of: pending.key.account)
            if !terms.mayForce {
                guard let held else { return .refusal(.storeUnavailable, Texts.changeUnavailable) }
                if let refusal = terms.refusal(held) { return .refused(refusal) }
            }
            let isFirst = held?.allSatisfy(\.key.module.isStopgap) ?? false
            let existing = if let held { held } else { try store.devices(of: pending.key.account) }
            // Its owner may have set one up within a login while the code was waited for.
            if !pending.mayReplace, existing.contains(where: { $0.key == pending.key }) {
                return .refusal(
                    .deviceExists,
                    "\(pending.key.account) has come by a device '\(pending.key.device)' (\(pending.key.module)) since. "
                        + "Nothing was stored.",
                    hint: "Enrol once more to replace it, or say another name with --name.")
            }
            if let excess = DeviceExcess(storing: [(pending.key, pending.module)], beside: existing) {
                return .refused(excess.refusal(toAdministrator: terms.mayForce))
            }
            let replaced = try pending.store(finished.setup, among: existing, at: now, in: store)
            journal.notice(pending.entry(replaced ? "replaced" : "added") + terms.signature)
            var issued: IssuedDevice?
            if isFirst, let companion = pending.companion {
                do throws(StoreFailure) {
                    _ = try companion.store(companion.unconfirmed, among: existing, at: now, in: store)
                    journal.notice(companion.entry("issued"))
                    issued = IssuedDevice(module: ModuleReference(companion.key.module), device: companion.key.device)
                } catch {
                    // The device itself is on disk, and that is what was asked for.
                    journal.error("not stored with the first device of \(companion.key.account): \(error)")
                }
            }
            let key = pending.key
            return .enrollmentDone(
                EnrollmentDone(
                    account: key.account.text, module: ModuleReference(key.module), device: key.device,
                    replaced: replaced, description: pending.describe(finished.setup), issued: issued))
        } then: { reply in
            guard case .enrollmentDone(let done) = reply else { return answer(reply, enrollment: pending) }
            // What was passed with the device that it replaces is worth no more than that.
            if done.replaced, !pending.key.module.isStopgap {
                self.service.grants.revoke { $0.key.account == pending.key.account }
                if terms.mayForce { self.service.forgetProofs(of: pending.key.account) }
            }
            answer(reply, issued: done.issued == nil ? nil : pending.companion)
        }
    }

    /// The modules that people enrol with, in a stable order.
    static func enrollable(_ configuration: ActiveConfiguration) -> [any EnrollableModule] {
        configuration.modules.values.compactMap { $0 as? any EnrollableModule }
            .sorted { $0.id.description < $1.id.description }
    }

    private static let outOfTurn = "Nothing was begun that this could finish."

    private static func refusal(_ rejection: SetupRejection, of pending: PendingEnrollment) -> AdminRefusal {
        switch rejection {
        case .wrong, .malformed:
            pending.setup.canGoUnconfirmed
                ? AdminRefusal(
                    .wrongCode, "That code is wrong; nothing is stored yet.",
                    hint: "Check the clocks of the phone and of this machine, and type the next code.")
                : AdminRefusal(.unacceptable, "\(pending.key.module) does not take that; nothing is stored yet.")
        case .unacceptable(let explanation): AdminRefusal(.unacceptable, explanation)
        case .unavailable: AdminRefusal(.internal, "The module cannot judge anything. Nothing is stored.")
        }
    }

    /// Whether a device may be called so; answers why not.
    static func checkName(
        _ device: String?, of module: any EnrollableModule, _ answer: AdminAnswer
    ) -> Bool {
        guard let device else { return true }
        let bytes = Array(device.utf8)
        guard (1...64).contains(bytes.count), JournalEntry.printable(device) == device, device.first != " ",
            device.last != " "
        else {
            answer.refuse(
                .badParameter, "'\(JournalEntry.printable(device))' is no name for a device.",
                hint: "A name has 1 to 64 printable characters.")
            return false
        }
        guard !module.hasOneDevice || device == module.usualDeviceName else {
            answer.refuse(
                .badParameter,
                "With \(module.id) an account has one device, which is called '\(module.usualDeviceName)'.",
                hint: "Leave out --name.")
            return false
        }
        return true
    }
}
