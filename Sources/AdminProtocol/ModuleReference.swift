package import Authentication

/// A configured module in a message: the pair and never the joined text, as everywhere.
package struct ModuleReference: Codable, Hashable, Sendable {
    package let type: String
    package let id: String?

    package init(type: String, id: String? = nil) {
        self.type = type
        self.id = id
    }

    package init(_ module: ModuleID) { self.init(type: module.type, id: module.id) }

    /// The name as the rest of the daemon has it.
    package var module: ModuleID { ModuleID(type, id: id) }
}
