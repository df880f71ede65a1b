import Foundation

/// Folders of the tests' own.
enum TemporaryFolder {
    static func make() throws -> String {
        // Not NSTemporaryDirectory alone: the path of a socket has 107 bytes.
        let path = "\(NSTemporaryDirectory())/twostep-\(UUID().uuidString.prefix(8))"
            .replacingOccurrences(of: "//", with: "/")
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        return path
    }

    static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
}
