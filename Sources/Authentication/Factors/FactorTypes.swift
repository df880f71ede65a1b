/// A kind of module, as a row of the registry: what it is called, which keys it takes, how one is made.
package struct ModuleType: Sendable {
    package let name: String
    package let keys: Set<String>
    /// For demonstrations alone: a configuration with one is refused unless that is allowed.
    package let isInsecure: Bool
    package let make: @Sendable (ModuleID, Settings) throws(SettingFailure) -> any AuthModule

    package init(
        name: String, keys: Set<String>, isInsecure: Bool = false,
        make: @escaping @Sendable (ModuleID, Settings) throws(SettingFailure) -> any AuthModule
    ) {
        self.name = name
        self.keys = keys
        self.isInsecure = isInsecure
        self.make = make
    }
}

/// A kind of provider, as a row of the registry.
package struct ProviderType: Sendable {
    package let name: String
    package let keys: Set<String>
    /// Keys that may stand in a section at the top of the configuration as well, by that section's name; the
    /// provider's own comes first.
    package let sections: [String: String]
    package let make: @Sendable (ProviderID, Settings) throws(SettingFailure) -> any AuthProvider

    package init(
        name: String, keys: Set<String>, sections: [String: String] = [:],
        make: @escaping @Sendable (ProviderID, Settings) throws(SettingFailure) -> any AuthProvider
    ) {
        self.name = name
        self.keys = keys
        self.sections = sections
        self.make = make
    }
}
