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

/// What becomes of a device that its account has already.
package enum WhenPresent: String, Codable, Sendable {
    /// Nothing is stored at all.
    case refuse
    /// It stays, under whatever name, and what was staged is left out. One of the same name stays with another key as well.
    case skip
    /// It makes room for what was staged; what was used of the same key stays used.
    case replace
}

/// What an import has stored, or would have.
package struct ImportedDevices: Codable, Equatable, Sendable {
    package let devices: Int
    /// How many of them took the place of another of the same name.
    package let replaced: Int
    /// Those that were left out, since they are there.
    package let skipped: [SkippedDevice]

    package init(devices: Int, replaced: Int, skipped: [SkippedDevice] = []) {
        self.devices = devices
        self.replaced = replaced
        self.skipped = skipped
    }
}

/// A device that an import has left out.
package struct SkippedDevice: Codable, Equatable, Sendable {
    /// Its place among those that were staged, from 0.
    package let index: Int
    /// Whether the account has its key; otherwise another device has its name.
    package let hasSameKey: Bool

    package init(index: Int, hasSameKey: Bool) {
        self.index = index
        self.hasSameKey = hasSameKey
    }
}
