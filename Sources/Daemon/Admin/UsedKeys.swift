import Authentication

/// How far the keys of new devices are used already: what was spent under one name is spent under any.
struct UsedKeys {
    /// A key may be known to an account twice, to one module.
    private struct Place: Hashable {
        let account: AccountName
        let module: ModuleID

        init(_ key: DeviceKey) { (account, module) = (key.account, key.module) }
    }

    private var states: [DeviceKey: Int64] = [:]

    /// Compares `devices` with what the store has; runs on the writer's thread.
    init(of devices: [PendingEnrollment], among existing: [DeviceListing], in store: any EnrollmentStore) {
        let groups = Dictionary(grouping: devices) { Place($0.key) }
        for listing in existing {
            guard let group = groups[Place(listing.key)] else { continue }
            // Where a secret does not open nobody knows whose it is, and nothing was accepted of it.
            guard let payload = try? store.sealing.open(listing.device.sealed, at: listing.key) else { continue }
            for device in group {
                guard let module = device.module as? any KeyHoldingModule else { continue }
                let state = payload.withBytes { payload in
                    device.setup.payload.withBytes { module.carry(listing.device.state, from: payload, to: $0) }
                }
                guard let state else { continue }
                states[device.key] = max(state, states[device.key] ?? state)
            }
        }
    }

    /// What the device's state is at least; nil where its account has no device with its key.
    subscript(key: DeviceKey) -> Int64? { states[key] }
}
