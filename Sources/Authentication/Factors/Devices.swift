/// One enrolment: a named device (a phone, a key) of an account, with one module.
package struct Device: Equatable, Sendable {
    package let name: String
    /// The payload under AES-256-GCM, bound to its row.
    package let sealed: [UInt8]
    /// The last accepted time step, the next counter: only ever grows.
    package var state: Int64
    /// Unix seconds.
    package let createdAt: Int64
    package var lastUsedAt: Int64?

    package init(name: String, sealed: [UInt8], state: Int64, createdAt: Int64, lastUsedAt: Int64? = nil) {
        self.name = name
        self.sealed = sealed
        self.state = state
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
    }
}

/// The place of a device in the store: a secret opens at its own place alone.
package struct DeviceKey: Hashable, Sendable {
    package let account: AccountName
    package let module: ModuleID
    package let device: String

    package init(account: AccountName, module: ModuleID, device: String) {
        self.account = account
        self.module = module
        self.device = device
    }
}

/// The account's enrolments with one module, as one transaction sees them.
package struct Devices {
    package let account: AccountName
    private let module: ModuleID
    private let sealing: any SecretSealing
    package private(set) var devices: [Device]
    /// Which of them have changed, by index.
    package private(set) var changed: Set<Int> = []

    package init(_ devices: [Device], of account: AccountName, module: ModuleID, sealing: any SecretSealing) {
        self.devices = devices
        self.account = account
        self.module = module
        self.sealing = sealing
    }

    package var isEmpty: Bool { devices.isEmpty }

    /// Lends the opened payload of a device; it is wiped when the call returns.
    package func withPayload<Result>(
        of index: Int, _ body: (Span<UInt8>) throws(InvalidAuth) -> Result
    ) throws(InvalidAuth) -> Result {
        guard devices.indices.contains(index) else { throw .unavailable }
        let device = devices[index]
        let opened: Secret
        do throws(StoreFailure) {
            opened = try sealing.open(
                device.sealed, at: DeviceKey(account: account, module: module, device: device.name))
        } catch {
            throw .unavailable
        }
        return try opened.withBytes(body)
    }

    /// Moves a device's state forward. One that would not grow is refused as a replay: nothing is good twice.
    package mutating func spend(_ index: Int, state: Int64, at now: Moment) throws(InvalidAuth) {
        guard devices.indices.contains(index) else { throw .unavailable }
        guard state > devices[index].state else { throw .replayed }
        devices[index].state = state
        devices[index].lastUsedAt = now.wall
        changed.insert(index)
    }
}
