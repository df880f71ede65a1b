package import Authentication

/// A configured provider in a message: the pair and never the joined text, as everywhere.
package struct ProviderReference: Codable, Hashable, Sendable {
    package let type: String
    package let id: String?

    package init(type: String, id: String? = nil) {
        self.type = type
        self.id = id
    }

    package init(_ provider: ProviderID) { self.init(type: provider.type, id: provider.id) }

    /// The name as the rest of the daemon has it.
    package var provider: ProviderID { ProviderID(type, id: id) }
}
