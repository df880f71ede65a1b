/// A row that a walk through all sealed rows has come to, as the store that walks knows it: nobody else reads it.
package struct SealedRow: Codable, Equatable, Sendable {
    /// What kind of row it is; the store goes through one kind after the other.
    package let kind: String
    /// The columns that tell it from all others of its kind.
    package let key: [String]

    package init(kind: String, key: [String]) {
        self.kind = kind
        self.key = key
    }
}

/// What a part of the walk through all sealed rows has come to; it is on the disk.
package struct Resealed: Equatable, Sendable {
    /// How many secrets were sealed anew.
    package var count = 0
    /// What is wrong with those that no key at hand opens: they stay as they are.
    package var failures: [StoreFailure] = []
    /// Where to go on; nil after the last row.
    package var next: SealedRow?

    package init() {}
}
