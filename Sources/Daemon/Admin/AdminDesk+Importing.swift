import AdminProtocol
import Authentication
import Synchronization

/// Devices that other programs have had, and secrets that are shown once more.
extension AdminDesk {
    // MARK: Importing

    /// Takes some devices to those that the connection has staged; the first that cannot be taken spoils them all.
    func stage(_ devices: [StagedDevice], _ keys: UserInput, in staged: StagedImport, _ answer: AdminAnswer) {
        guard !staged.isSpoilt else { return answer.refuse(.badParameter, "The import was refused before.") }
        guard devices.count == keys.count, devices.count <= StagedDevice.largestGroup else {
            staged.spoil()
            return answer.refuse(.badParameter, "There are \(devices.count) devices and \(keys.count) keys.")
        }
        stage(devices, from: 0, keys, in: staged, answer)
    }

    /// One after the other, since the system's directory is asked about each.
    private func stage(
        _ devices: [StagedDevice], from index: Int, _ keys: UserInput, in staged: StagedImport, _ answer: AdminAnswer
    ) {
        guard devices.indices.contains(index) else {
            return answer(.staged(StagedCount(devices: staged.devices.count)))
        }
        let spoiling = AdminAnswer { reply, _, _ in
            staged.spoil()
            answer(reply)
        }
        activeConfiguration(spoiling) { configuration in
            let device = devices[index]
            withAccount(device.account, spoiling) { account, facts in
                guard let module = self.module(device.module.module, of: configuration, spoiling),
                    AdminDesk.checkName(device.device, of: module, spoiling)
                else { return }
                let pending: PendingEnrollment
                do throws(SetupFailure) {
                    let request = SetupRequest(
                        account: account, device: device.device, issuer: configuration.issuer,
                        parameters: device.parameters)
                    let key = keys.withField(at: index) { Secret(copying: $0) }
                    pending = try PendingEnrollment(request, module: module, uid: facts.uid, key: key, minimumBits: 0)
                } catch {
                    return spoiling.refuse(
                        .badParameter, "'\(device.device)' of \(account) cannot be imported: \(error.explanation).")
                }
                if let refusal = staged.add(pending) { return spoiling(.refused(refusal)) }
                self.stage(devices, from: index + 1, keys, in: staged, answer)
            }
        }
    }

    private func module(
        _ id: ModuleID, of configuration: ActiveConfiguration, _ answer: AdminAnswer
    ) -> (any KeyHoldingModule)? {
        let known = AdminDesk.enrollable(configuration).compactMap { $0 as? any KeyHoldingModule }
        if let module = known.first(where: { $0.id == id }) { return module }
        let names = known.map(\.id.description).joined(separator: ", ")
        answer.refuse(
            .unknownModule, "No module '\(JournalEntry.printable(id.description))' is configured that takes keys.",
            hint: names.isEmpty ? "None is: see twostep.yaml(5)." : "Configured are: \(names)")
        return nil
    }

    /// Stores all that was staged, or nothing; a trial goes as far as that.
    func commit(_ staged: StagedImport, _ whenPresent: WhenPresent, isTrial: Bool, _ answer: AdminAnswer) {
        let devices = staged.devices
        // Whatever comes of it: the same cannot be stored twice.
        staged.spoil()
        guard !devices.isEmpty else { return answer.refuse(.badParameter, "Nothing is staged that could be stored.") }
        let journal = service.journal
        let now = service.clocks.now()
        withStore(answer) { store throws(StoreFailure) in
            let existing = try store.devices(of: nil)
            if let refusal = AdminDesk.strangeUID(among: devices, existing) { return refusal }
            let present = Set(existing.map(\.key))
            let used = UsedKeys(of: devices, among: existing, in: store)
            var chosen: [PendingEnrollment] = []
            var skipped: [SkippedDevice] = []
            for (index, device) in devices.enumerated() {
                let isPresent = present.contains(device.key)
                switch whenPresent {
                case .refuse where isPresent: return AdminDesk.isPresent(device.key)
                case .skip where isPresent || used[device.key] != nil:
                    skipped.append(SkippedDevice(index: index, hasSameKey: used[device.key] != nil))
                case .refuse, .skip, .replace: chosen.append(device)
                }
            }
            if !isTrial {
                var listings: [DeviceListing] = []
                for device in chosen {
                    listings.append(try device.sealed(device.unconfirmed, after: used, at: now, in: store))
                }
                if !listings.isEmpty { try store.add(listings) }
                for device in chosen { journal.notice(device.entry("imported")) }
            }
            let replaced = chosen.count { present.contains($0.key) }
            return .imported(ImportedDevices(devices: chosen.count, replaced: replaced, skipped: skipped))
        } then: { reply in
            // Whose device of those it was is not told apart: all of them are asked for a code once.
            if !isTrial, case .imported(let done) = reply, done.replaced > 0 {
                let accounts = Set(devices.map(\.key.account))
                self.service.grants.revoke { accounts.contains($0.key.account) }
            }
            answer(reply)
        }
    }

    /// What is said where an account has devices of another uid than it has now.
    private static func strangeUID(
        among devices: [PendingEnrollment], _ existing: [DeviceListing]
    ) -> AdminReply? {
        let uids = Dictionary(existing.map { ($0.key.account, $0.uid) }, uniquingKeysWith: { first, _ in first })
        for device in devices {
            let account = device.key.account
            guard let other = uids[account], other != device.uid else { continue }
            return .refusal(
                .badParameter, "\(account) had the uid \(other) when it was enrolled, and has \(device.uid) now.",
                hint: "If it is the same person: remove the old devices with --force and import anew.")
        }
        return nil
    }

    private static func isPresent(_ key: DeviceKey) -> AdminReply {
        .refusal(
            .deviceExists, "\(key.account) has a device '\(key.device)' (\(key.module)) already.",
            hint: "Leave out what is there with --skip-present. To have it replaced: --replace; to have both: --name.")
    }

    // MARK: Showing

    /// Shows a device's secret once more; the journal says that, before it is shown.
    func show(
        _ account: AccountName, _ device: String, _ module: ModuleID?, for purpose: ShownDevice.Purpose,
        _ answer: AdminAnswer
    ) {
        activeConfiguration(answer) { configuration in
            let journal = service.journal
            let issuer = configuration.issuer
            let modules = configuration.modules
            let shown = ShownSecret()
            withStore(answer) { store throws(StoreFailure) in
                let found: DeviceListing
                switch AdminDesk.find(device, module, of: account, among: try store.devices(of: account)) {
                case .success(let listing): found = listing
                case .failure(let refusal): return .refused(refusal)
                }
                guard let holder = modules[found.key.module] as? any KeyHoldingModule else {
                    return .refusal(
                        .unknownModule,
                        "What is kept of a device with \(found.key.module) is no secret that could be shown.")
                }
                let pending: PendingEnrollment
                do throws(SetupFailure) {
                    pending = try PendingEnrollment(
                        showing: found, payload: try AdminDesk.open(found, store), module: holder, issuer: issuer)
                } catch {
                    return .refusal(.storeUnavailable, "'\(device)' cannot be shown: \(error.explanation).")
                }
                journal.notice("\(pending.entry("secret shown")) purpose=\(purpose.rawValue)")
                shown.pending.withLock { $0 = pending }
                return .shown(
                    ShownDevice(
                        account: account.text, module: ModuleReference(found.key.module), device: device,
                        description: pending.description))
            } then: { reply in
                answer(reply, issued: shown.pending.withLock { $0 })
            }
        }
    }

    private static func open(
        _ listing: DeviceListing, _ store: any EnrollmentStore
    ) throws(SetupFailure) -> Secret {
        do throws(StoreFailure) {
            return try store.sealing.open(listing.device.sealed, at: listing.key)
        } catch {
            throw SetupFailure(error.description)
        }
    }

    /// What the writer's thread has found, on its way to the event loop.
    private final class ShownSecret: Sendable {
        let pending = Mutex<PendingEnrollment?>(nil)
    }
}
