/// A copy of the store that the daemon has made, as it was at one moment; its bytes are asked for a part at a time.
package struct BegunBackup: Codable, Equatable, Sendable {
    /// In bytes.
    package let size: Int64
    /// The version of the store's tables.
    package let schema: Int
    package let accounts: Int
    package let devices: Int
    /// The ids of the keys that its secrets may be sealed with: the one in use first.
    package let keys: [String]

    package init(size: Int64, schema: Int, accounts: Int, devices: Int, keys: [String]) {
        self.size = size
        self.schema = schema
        self.accounts = accounts
        self.devices = devices
        self.keys = keys
    }
}

/// Some of the copy's bytes.
package struct BackupPart: Codable, Equatable, Sendable {
    /// The most that a part has, in bytes.
    package static let largest = 96 * 1024

    /// Counted from 0.
    package let offset: Int64
    /// In base64; empty behind the end.
    package let bytes: String

    package init(offset: Int64, bytes: String) {
        self.offset = offset
        self.bytes = bytes
    }
}

/// What was found wrong with the store, in sentences.
package struct StoreFindings: Codable, Equatable, Sendable {
    package let path: String
    /// Empty if nothing is wrong.
    package let findings: [String]

    package init(path: String, findings: [String]) {
        self.path = path
        self.findings = findings
    }
}
