package import Authentication

/// The keys that the store's secrets are sealed with. They are told apart by ids, which are no secrets.
package struct KeyStanding: Codable, Equatable, Sendable {
    /// The key that seals.
    package let current: String
    /// Those that only open any more, the latest first.
    package let former: [String]
    /// The file that twostepd knows of.
    package let file: String
    /// The key in it; nil where there is none that twostepd could read.
    package let fileKey: String?
    /// Where a key stands that is to take the present one's place; nil where there is none.
    package let nextFile: String?
    /// That key.
    package let nextKey: String?

    package init(
        current: String, former: [String], file: String, fileKey: String?, nextFile: String?, nextKey: String?
    ) {
        self.current = current
        self.former = former
        self.file = file
        self.fileKey = fileKey
        self.nextFile = nextFile
        self.nextKey = nextKey
    }
}

/// What a part of the walk through all secrets has come to, each of them sealed with the new key now.
package struct ResealedPart: Codable, Equatable, Sendable {
    /// The key that they are sealed with.
    package let key: String
    /// How many were sealed anew.
    package let secrets: Int
    /// What is wrong with those that no key opens, in sentences: they stay as they are.
    package let failures: [String]
    /// What to ask for next; nil once all secrets were looked at.
    package let next: SealedRow?

    package init(key: String, secrets: Int, failures: [String], next: SealedRow?) {
        self.key = key
        self.secrets = secrets
        self.failures = failures
        self.next = next
    }
}
