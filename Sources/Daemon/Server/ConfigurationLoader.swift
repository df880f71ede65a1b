import Authentication
import AuthModules
import AuthProviders
import Configuration
import Glibc
import UnixSocket

/// Reads the configuration and makes a generation of it; off the event loop, since providers may compute.
struct ConfigurationLoader: Sendable {
    /// What tells one version of the file from the next without reading it.
    struct Stamp: Equatable, Sendable {
        var inode: UInt64 = 0
        var size: Int64 = -1
        var modified: Int64 = 0
        var changed: Int64 = 0
        var mode: UInt32 = 0
        var owner: UInt32 = 0
    }

    let path: String
    let accounts: any AccountDirectory
    let hostName: String
    let allowsInsecure: Bool

    var stamp: Stamp {
        var status = Glibc.stat()
        // Through links, as the file is read.
        guard unsafe fstatat(AT_FDCWD, path, &status, 0) == 0 else { return Stamp() }
        return Stamp(
            inode: UInt64(status.st_ino), size: Int64(status.st_size),
            modified: Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec),
            changed: Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec),
            mode: status.st_mode, owner: status.st_uid)
    }

    /// The configuration as generation `number`, or what is wrong with it, and what is worth a warning.
    func load(number: Int) -> Result<(ActiveConfiguration, warnings: [String]), ConfigurationProblems> {
        let reader = ConfigurationReader(
            modules: ModuleRegistry.types, providers: ProviderRegistry.types, hostName: hostName,
            allowsInsecure: allowsInsecure)
        switch reader.load(path) {
        case .failure(let problems): return .failure(ConfigurationProblems(sentences: problems.all.map(\.description)))
        case .success(let read):
            let problems = read.prepare()
            guard problems.isEmpty else {
                return .failure(ConfigurationProblems(sentences: problems.map(\.description)))
            }
            switch resolve(read.callers) {
            case .failure(let problems): return .failure(problems)
            case .success(let callers):
                let names = Dictionary(uniqueKeysWithValues: read.names.map { ($0.key.description, $0.value) })
                return .success(
                    (
                        ActiveConfiguration(
                            number: number, policy: read.policy, providers: read.providers,
                            modules: read.modules.merging(IssuedCodeModule.all.map { ($0.id, $0) }) { own, _ in own },
                            names: names, throttle: read.throttle, sessionCapacity: read.sessions.capacity,
                            sessionReserve: read.sessions.reserve, callers: callers, issuer: read.issuer),
                        warnings: read.warnings.map(\.description)
                    ))
            }
        }
    }

    /// The callers by uid. One that the directory does not know, or whose uid is 0 or nobody's, is a problem: the
    /// rule would be for somebody else than was meant.
    private func resolve(
        _ callers: [String: CallerRule]
    ) -> Result<[UInt32: CallerRule], ConfigurationProblems> {
        var resolved: [UInt32: CallerRule] = [:]
        var problems: [String] = []
        for (name, rule) in callers.sorted(by: { $0.key < $1.key }) {
            let uid: UInt32?
            if let number = UInt32(name) {
                uid = number
            } else if let account = AccountName(name), case .found(let facts) = accounts.account(named: account) {
                uid = facts.uid
            } else {
                uid = nil
            }
            guard let uid, uid != 0, uid != PeerCredentials.overflowUID else {
                problems.append("\(path): callers: '\(name)' is no service account of this machine")
                continue
            }
            resolved[uid] = rule
        }
        return problems.isEmpty ? .success(resolved) : .failure(ConfigurationProblems(sentences: problems))
    }
}

/// Everything that is wrong with a configuration.
struct ConfigurationProblems: Error, Equatable, Sendable {
    let sentences: [String]
}
