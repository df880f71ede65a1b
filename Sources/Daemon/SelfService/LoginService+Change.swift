import Authentication
import Configuration

/// What is known before somebody is asked for anything.
struct PreparedChange {
    let plan: Plan
    let change: DeviceChange
    let uid: UInt32
}

extension LoginService {
    /// Finds out whether somebody may change the devices of an account, and what they have to prove first: all that
    /// a login may ask of what the account has, or a ticket where it has nothing. With `settingUp` a device is set up behind it.
    ///
    /// Nothing is written, and nothing is asked yet. What is returned, if the directory was asked for the peer, can be
    /// forgotten.
    @discardableResult func prepareChange(
        of account: AccountName, for peer: UInt32, settingUp: Bool, asksFirst: Bool,
        _ configuration: ActiveConfiguration,
        deliver: @escaping (Result<PreparedChange, ChangeRefusal>) -> Void
    ) -> (any Forgettable)? {
        if let refusal = refusal(of: account, configuration) {
            deliver(.failure(refusal))
            return nil
        }
        return directory.ask(for: peer) {
            $0.account(named: account)
        } then: { lookup in
            switch lookup {
            case .found(let facts):
                self.devices(of: account) { held in
                    guard let held else { return deliver(.failure(.storeUnavailable)) }
                    deliver(
                        PreparedChange.make(
                            of: account, uid: facts.uid, held: held, settingUp: settingUp, asksFirst: asksFirst,
                            configuration))
                }
            case .notFound: deliver(.failure(.unknownAccount))
            case .cannotTell, nil: deliver(.failure(.directoryUnavailable))
            }
        }
    }

    /// Why there can be no change, whoever is asked.
    private func refusal(of account: AccountName, _ configuration: ActiveConfiguration) -> ChangeRefusal? {
        guard configuration.selfService != nil else { return .notOffered }
        guard writer.isOpen else { return .storeUnavailable }
        return writer.blocks[account] == nil ? nil : .blocked
    }
}

extension PreparedChange {
    fileprivate static func make(
        of account: AccountName, uid: UInt32, held: [DeviceListing], settingUp: Bool, asksFirst: Bool,
        _ configuration: ActiveConfiguration
    ) -> Result<PreparedChange, ChangeRefusal> {
        guard held.allSatisfy({ $0.uid == uid }) else { return .failure(.accountChanged) }
        var change = DeviceChange(held: held, asksFirst: asksFirst)
        let mayEnroll = configuration.selfService?.mayEnroll == true
        var steps: [Step] = []
        let hasTicket = held.contains { $0.key.module == .ticket && $0.device.state == 0 }
        let modules = Set(held.map(\.key.module))
        if change.isFirst {
            // A ticket is for a first device, so without one there is nothing to be proved for.
            guard mayEnroll else { return .failure(.notOffered) }
            guard hasTicket else { return .failure(.noTicket) }
            steps = [Step(.ticket)]
        } else {
            steps = configuration.stepsToProve(holding: modules)
            guard !steps.isEmpty else { return .failure(.unprovable) }
            if hasTicket, mayEnroll, configuration.hasGap(holding: modules) {
                steps.append(Step(.ticket))
                change.hasTicket = true
            }
        }
        if settingUp {
            guard mayEnroll else { return .failure(.notOffered) }
            guard let new = configuration.moduleOfNewDevice(change) else { return .failure(.notOffered) }
            guard change.mayFill || !configuration.fillsGap(new.id, holding: modules) else {
                return .failure(.noTicketForStep)
            }
            let key = DeviceKey(account: account, module: new.id, device: change.freeName(for: new))
            if let excess = DeviceExcess(storing: [(key, new)], beside: held) { return .failure(.tooMany(excess)) }
            steps.append(Step(new.id))
        }
        let plan = Plan.change(
            of: account, steps: steps, settingUp: settingUp, tries: SetupChoice.fewestTries,
            sessionLifetime: configuration.policy.sessionLifetime)
        return .success(PreparedChange(plan: plan, change: change, uid: uid))
    }
}

extension ActiveConfiguration {
    /// The modules that people enrol with, in the order in which the providers owe them; those that only rules name come
    /// last. None that an administrator hands out, or sees to at the machine itself.
    var modulesOfPeople: [any EnrollableModule] {
        var left = AdminDesk.enrollable(self).filter { !$0.id.isStopgap && !$0.needsPresence }
        var ordered: [any EnrollableModule] = []
        for id in policy.chains.flatMap(\.steps).flatMap(\.alternatives) {
            guard let index = left.firstIndex(where: { $0.id == id }) else { continue }
            ordered.append(left.remove(at: index))
        }
        return ordered + left
    }

    /// The module that a new device is of where nobody says; nil where none could have a further one.
    func moduleOfNewDevice(_ change: DeviceChange) -> (any EnrollableModule)? {
        modulesOfPeople.first {
            // Where there is one device alone, a further one would take its place.
            !$0.isIssuedWithFirstDevice && !$0.needsParameters && (change.isFirst || !$0.hasOneDevice)
        }
    }
}
