import Authentication

/// A change that somebody wants of the devices of their own account: what the account had when it began.
struct DeviceChange: Sendable {
    /// Everything, an administrator's codes included.
    let held: [DeviceListing]
    /// Whether the person is to say first that there shall be a change at all.
    let asksFirst: Bool
    /// Whether a ticket is part of the proof.
    var hasTicket = false

    /// Whether the account has nothing yet: what it is given is its first device, and a ticket is the proof.
    var isFirst: Bool { DeviceChange.isNothing(held) }

    /// Whether what passes a step may be set up that nothing passes so far.
    var mayFill: Bool { isFirst || hasTicket }

    /// Whether these are no devices at all.
    static func isNothing(_ devices: [DeviceListing]) -> Bool { devices.allSatisfy(\.key.module.isStopgap) }

    /// Whether `existing` devices are what the change was proved against: all that were its `proof` are still there and have
    /// the secrets that they had, or for a first device there is still nothing. Somebody may have removed or replaced them
    /// because they were stolen.
    func isStillDue(after proof: [DeviceKey], among existing: [DeviceListing]) -> Bool {
        if isFirst { return DeviceChange.isNothing(existing) }
        // A ticket is nothing that anybody has: it stands beside what the account has.
        let proof = hasTicket ? proof.filter { $0.module != .ticket } : proof
        return !proof.isEmpty
            && proof.allSatisfy { key in
                guard !key.module.isStopgap, let before = held.first(where: { $0.key == key }) else { return false }
                return existing.contains { $0.key == key && $0.device.sealed == before.device.sealed }
            }
    }

    /// What a new device is called where nobody says: `phone`, `phone-2`.
    func freeName(for module: any EnrollableModule) -> String {
        let usual = module.usualDeviceName
        guard !module.hasOneDevice else { return usual }
        let taken = Set(held.filter { $0.key.module == module.id }.map(\.key.device))
        return ([usual] + (2...taken.count + 2).map { "\(usual)-\($0)" }).first { !taken.contains($0) } ?? usual
    }
}

/// Why there is no change of devices.
enum ChangeRefusal: Error, Equatable {
    /// The configuration does not let people do it.
    case notOffered
    /// An administrator has blocked the account.
    case blocked
    /// The account has nothing, and there is no ticket for it.
    case noTicket
    /// What would be set up passes a step that nothing passes which the account has, and there is no ticket for it.
    case noTicketForStep
    /// No module of what the account has is configured.
    case unprovable
    /// The account has as many devices as it may.
    case tooMany(DeviceExcess)
    case unknownAccount
    case accountChanged
    case directoryUnavailable
    case storeUnavailable

    /// The same in the words of the journal.
    var verdict: Verdict {
        switch self {
        case .notOffered, .unprovable, .tooMany: .denied(.notPermitted)
        case .blocked: .denied(.blocked)
        case .noTicket, .noTicketForStep: .denied(.notEnrolled)
        case .unknownAccount: .denied(.unknownAccount)
        case .accountChanged: .unavailable(.accountChanged)
        case .directoryUnavailable: .unavailable(.directoryUnavailable)
        case .storeUnavailable: .unavailable(.storeUnavailable)
        }
    }

    /// What the person is told.
    func text(for account: AccountName) -> String {
        switch self {
        case .notOffered: Texts.changeNotOffered
        case .noTicket: Texts.changeNeedsTicket(account)
        case .noTicketForStep: Texts.stepNeedsTicket(account)
        case .unprovable: Texts.changeUnprovable
        case .tooMany(let excess): "\(excess.text) \(DeviceExcess.remedy)"
        case .blocked, .unknownAccount: Texts.refused
        case .accountChanged, .directoryUnavailable, .storeUnavailable: Texts.changeUnavailable
        }
    }
}
