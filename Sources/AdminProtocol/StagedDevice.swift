/// A device that another program has had, on its way into the store; its key travels beside it.
package struct StagedDevice: Codable, Equatable, Sendable {
    package let account: String
    package let module: ModuleReference
    package let device: String
    /// The module's own, as for a new device; for `totp` also `used_until`, the last time step whose code was used.
    package let parameters: [String: String]

    package init(account: String, module: ModuleReference, device: String, parameters: [String: String]) {
        self.account = account
        self.module = module
        self.device = device
        self.parameters = parameters
    }

    /// How many may travel in one request: with the longest keys they stay within its bounds.
    package static let largestGroup = 16
    /// How many one import may have.
    package static let largestImport = 10_000
}

/// How many devices a connection has staged.
package struct StagedCount: Codable, Equatable, Sendable {
    package let devices: Int

    package init(devices: Int) { self.devices = devices }
}

/// What an import has stored.
package struct ImportedDevices: Codable, Equatable, Sendable {
    package let devices: Int
    /// How many of them took the place of another of the same name.
    package let replaced: Int

    package init(devices: Int, replaced: Int) {
        self.devices = devices
        self.replaced = replaced
    }
}
