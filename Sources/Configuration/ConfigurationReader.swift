package import Authentication

/// Reads configurations: strictly, and telling everything that is wrong at once.
package struct ConfigurationReader: Sendable {
    private let modules: [String: ModuleType]
    private let providers: [String: ProviderType]
    private let hostName: String
    private let allowsInsecure: Bool

    /// `hostName` is what authenticator apps show where the configuration names no issuer; `allowsInsecure` lets modules
    /// in that are for demonstrations alone, as `allow_insecure_example: true` in the file does.
    package init(
        modules: [ModuleType], providers: [ProviderType], hostName: String = "localhost", allowsInsecure: Bool = false
    ) {
        self.modules = Dictionary(modules.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.providers = Dictionary(providers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.hostName = hostName
        self.allowsInsecure = allowsInsecure
    }

    /// Reads the bytes of a file; `file` is what problems call it.
    package func read(_ bytes: [UInt8], file: String) -> Result<Configuration, Problems> {
        do throws(Problems) {
            return .success(try configuration(in: bytes, file: file))
        } catch {
            return .failure(error)
        }
    }

    /// Reads the file at `path`, if it is one that only root or the daemon's own user can have written.
    package func load(_ path: String) -> Result<Configuration, Problems> {
        do throws(Problems) {
            let file = try ConfigurationFile.read(path)
            return read(file.bytes, file: path).map { configuration in
                var configuration = configuration
                configuration.warnings = file.warnings + configuration.warnings
                return configuration
            }.mapError { Problems($0.all, warnings: file.warnings + $0.warnings) }
        } catch {
            return .failure(error)
        }
    }

    private func configuration(in bytes: [UInt8], file: String) throws(Problems) -> Configuration {
        // Editors of other systems put a byte order mark in front; it says nothing.
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let bytes = bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes
        let unreadable = SourceText.problems(in: bytes, file: file)
        guard unreadable.isEmpty else { throw Problems(unreadable) }
        let document = try Document.read(bytes, file: file)
        guard let root = document.root, root.value != .nothing else {
            let nothing = Problem(file: file, found: "nothing", expected: "a map with auth_providers")
            throw Problems(document.problems.isEmpty ? [nothing] : document.problems)
        }
        var reading = Reading(
            file: file, moduleTypes: modules, providerTypes: providers, allowsInsecure: allowsInsecure,
            problems: document.problems)
        let configuration = reading.configuration(root, hostName: hostName)
        guard let configuration, reading.problems.isEmpty else {
            throw Problems(reading.problems, warnings: reading.warnings)
        }
        return configuration
    }
}
