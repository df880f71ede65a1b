/// A set-up that has begun; its secrets travel beside it.
package struct EnrollmentBegun: Codable, Equatable, Sendable {
    package let account: String
    package let module: ModuleReference
    package let device: String
    /// The parameters in words: `SHA1, 6 digits, 30 s`; empty where the person's answer makes them.
    package let description: String
    /// Whether the account has a device of this name, which storing this one will replace.
    package let replaces: Bool
    /// The form whose answer finishes the set-up, which may have no field at all; nil means one field, the first code.
    package let form: [FormField]?

    package init(
        account: String, module: ModuleReference, device: String, description: String, replaces: Bool,
        form: [FormField]? = nil
    ) {
        self.account = account
        self.module = module
        self.device = device
        self.description = description
        self.replaces = replaces
        self.form = form
    }
}

/// A device that is stored, on disk.
package struct EnrollmentDone: Codable, Equatable, Sendable {
    package let account: String
    package let module: ModuleReference
    package let device: String
    /// Whether it took the place of another of the same name.
    package let replaced: Bool
    /// The parameters in words; nil where they are those that the set-up began with.
    package let description: String?
    /// What was issued along with the account's first device; its codes travel beside it. Nil if nothing was.
    package let issued: IssuedDevice?

    package init(
        account: String, module: ModuleReference, device: String, replaced: Bool, description: String? = nil,
        issued: IssuedDevice? = nil
    ) {
        self.account = account
        self.module = module
        self.device = device
        self.replaced = replaced
        self.description = description
        self.issued = issued
    }
}

/// A device that was stored unasked: recovery codes, with an account's first device.
package struct IssuedDevice: Codable, Equatable, Sendable {
    package let module: ModuleReference
    package let device: String

    package init(module: ModuleReference, device: String) {
        self.module = module
        self.device = device
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
