import AdminProtocol
import Authentication

/// More devices with one module than an account may have: a guess that is the code of any of them is right.
struct DeviceExcess: Equatable, Sendable {
    private let account: AccountName
    private let module: ModuleID
    /// How many the account would have, and how many it may.
    private let count: Int
    private let most: Int

    /// What there would be too much of with `new` devices beside those that there are; nil where there is room. One that
    /// takes the place of another needs none, however many there are.
    init?(storing new: [(key: DeviceKey, module: any EnrollableModule)], beside existing: [DeviceListing]) {
        let wanted = Set(new.map { Place($0.key) })
        var names: [Place: Set<String>] = [:]
        for listing in existing where wanted.contains(Place(listing.key)) {
            names[Place(listing.key), default: []].insert(listing.key.device)
        }
        var grown: Set<Place> = []
        for (key, _) in new where names[Place(key), default: []].insert(key.device).inserted {
            grown.insert(Place(key))
        }
        for (key, module) in new where grown.contains(Place(key)) {
            let count = names[Place(key)]?.count ?? 0
            guard count > module.mostDevices else { continue }
            account = key.account
            self.module = key.module
            self.count = count
            most = module.mostDevices
            return
        }
        return nil
    }

    /// Whose devices are counted together: what is guessed is an answer to one module.
    private struct Place: Hashable {
        let account: AccountName
        let module: ModuleID

        init(_ key: DeviceKey) {
            account = key.account
            module = key.module
        }
    }

    /// The one sentence that everybody reads, however the device was to come.
    var text: String {
        let devices = count == 1 ? "device" : "devices"
        return "\(account) would have \(count) \(devices) with \(module), and an account may have \(most). "
            + "Nothing was stored."
    }

    /// What its owner can do about it.
    static let remedy = "Remove one, or ask the administrator."

    /// The same as an answer to a request, with what can be done about it.
    func refusal(toAdministrator: Bool) -> AdminRefusal {
        AdminRefusal(
            .tooManyDevices, text,
            hint: toAdministrator
                ? "Remove one that is not used any more, or raise max_devices: see twostep.yaml(5)."
                : DeviceExcess.remedy)
    }
}
