import Foundation

/// A folder with a configuration, gone with the value.
final class ConfigurationFolder {
    private let path: String
    var file: String { path + "/config.yaml" }

    init(_ text: String, mode: Int = 0o640) throws {
        path = try TemporaryFolder.make()
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    }

    deinit { TemporaryFolder.remove(path) }
}
