/// A set-up that has begun; its secrets travel beside it.
package struct EnrollmentBegun: Codable, Equatable, Sendable {
    package let account: String
    package let module: ModuleReference
    package let device: String
    /// The parameters in words: `SHA1, 6 digits, 30 s`.
    package let description: String
    /// Whether the account has a device of this name, which storing this one will replace.
    package let replaces: Bool

    package init(account: String, module: ModuleReference, device: String, description: String, replaces: Bool) {
        self.account = account
        self.module = module
        self.device = device
        self.description = description
        self.replaces = replaces
    }
}

/// A device that is stored, on disk.
package struct EnrollmentDone: Codable, Equatable, Sendable {
    package let account: String
    package let module: ModuleReference
    package let device: String
    /// Whether it took the place of another of the same name.
    package let replaced: Bool

    package init(account: String, module: ModuleReference, device: String, replaced: Bool) {
        self.account = account
        self.module = module
        self.device = device
        self.replaced = replaced
    }
}

/// A device that is no more.
package struct Removal: Codable, Equatable, Sendable {
    package let account: String
    package let module: ModuleReference
    package let device: String
    /// How many devices the account has left, with all modules.
    package let remaining: Int

    package init(account: String, module: ModuleReference, device: String, remaining: Int) {
        self.account = account
        self.module = module
        self.device = device
        self.remaining = remaining
    }
}
