/// A device whose secret is shown once more; the secret travels beside it.
package struct ShownDevice: Codable, Equatable, Sendable {
    /// What its secret is wanted for.
    package enum Purpose: String, Codable, Sendable {
        case show, export
    }

    package let account: String
    package let module: ModuleReference
    package let device: String
    /// The parameters in words: `SHA1, 6 digits, 30 s`.
    package let description: String

    package init(account: String, module: ModuleReference, device: String, description: String) {
        self.account = account
        self.module = module
        self.device = device
        self.description = description
    }
}
