import Authentication
import AuthModules
import AuthPrograms
import AuthProviders
import Configuration
import Glibc
import SecurityKeyProtocol
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
    /// Who starts programs; nil for whoever only reads.
    var programs: (any ProgramRunner)?
    /// Who has security keys asked; nil likewise.
    var keys: (any SecurityKeys)?
    /// What was sent to people and is still good, whatever configuration follows on this one.
    let codes = RunningCodes()

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

    /// Where a file has the store.
    enum StorePlace {
        case here(StoreSettings)
        /// Hubs decide in this machine's place, and have it.
        case atHubs
    }

    /// Where the file has the store, without a look at anything that it names otherwise; nil where it cannot be read.
    var storePlace: StorePlace? {
        guard let read = try? reader.load(path).get() else { return nil }
        return read.upstream == nil ? .here(read.store) : .atHubs
    }

    /// Which store of this machine a file at any path names, as verbs of the command line need it.
    static func storeSettings(in path: String) -> StoreSettings? {
        let loader = ConfigurationLoader(
            path: path, accounts: SystemDirectory(), hostName: "localhost", allowsInsecure: true)
        guard case .here(let settings)? = loader.storePlace else { return nil }
        return settings
    }

    private var reader: ConfigurationReader {
        ConfigurationReader(
            modules: ModuleRegistry.types + ProgramRegistry.modules(programs, codes)
                + SecurityKeyRegistry.modules(keys, hostName: HostName.own),
            providers: ProviderRegistry.types + ProgramRegistry.providers(programs), hostName: hostName,
            allowsInsecure: allowsInsecure)
    }

    /// The configuration as generation `number`, or what is wrong with it, and what is worth a warning.
    func load(number: Int) -> Result<(ActiveConfiguration, warnings: [Problem]), Problems> {
        reader.load(path).flatMap { read in
            let (callers, strangers) = resolve(read)
            if let upstream = read.upstream { return host(number, upstream, read, callers, strangers) }
            let unfit = unfitPrograms(read)
            // What must not be run is not even asked what it is.
            if unfit.isEmpty, programs != nil { ProgramDescriptions.ask(programsBehind(read)) }
            let problems = (unfit.isEmpty ? read.prepare() : unfit) + strangers + unknownGroups(read)
            guard problems.isEmpty else { return .failure(Problems(problems, warnings: read.warnings)) }
            let names = Dictionary(uniqueKeysWithValues: read.names.map { ($0.key.description, $0.value) })
            return .success(
                (
                    ActiveConfiguration(
                        number: number, policy: read.policy, providers: read.providers,
                        modules: read.modules.merging(IssuedCodeModule.all.map { ($0.id, $0) }) { own, _ in own },
                        names: names, throttle: read.throttle, sessionCapacity: read.sessions.capacity,
                        sessionReserve: read.sessions.reserve, callers: callers, issuer: read.issuer,
                        tellsLastLogin: read.notices.lastLogin, selfService: read.selfService,
                        store: read.store, hub: read.hub),
                    warnings: read.warnings + read.stepsForTheMachineAlone
                ))
        }
    }

    /// The configuration of a host that decides nothing: its hubs, and what it says hello to them with.
    private func host(
        _ number: Int, _ upstream: UpstreamSettings, _ read: Configuration, _ callers: [UInt32: CallerRule],
        _ strangers: [Problem]
    ) -> Result<(ActiveConfiguration, warnings: [Problem]), Problems> {
        switch HostBundle.read(upstream.bundle) {
        case .failure(let problem): .failure(Problems(strangers + [problem], warnings: read.warnings))
        case .success where !strangers.isEmpty: .failure(Problems(strangers, warnings: read.warnings))
        case .success(let bundle):
            .success(
                (
                    ActiveConfiguration(
                        number: number, policy: read.policy, providers: [:], modules: [:], callers: callers, issuer: "",
                        upstream: ActiveUpstream(settings: upstream, bundle: bundle)), warnings: read.warnings
                ))
        }
    }

    private func programsBehind(_ read: Configuration) -> [Program] {
        read.modules.values.compactMap { ($0 as? any ProgramDescribed)?.program }
            + read.providers.values.compactMap { ($0 as? any ProgramDescribed)?.program }
    }

    /// Programs that anybody but root could have written, or that nobody may run.
    private func unfitPrograms(_ read: Configuration) -> [Problem] {
        let modules = read.modules.flatMap { id, module in
            ConfigurationLoader.faults(of: module as? any ProgramBacked).map { read.problem(with: id, $0) }
        }
        let providers = read.providers.flatMap { id, provider in
            ConfigurationLoader.faults(of: provider as? any ProgramBacked).map { read.problem(with: id, $0) }
        }
        return modules + providers
    }

    private static func faults(of backed: (any ProgramBacked)?) -> [String] {
        Set((backed?.programs.values).map { $0.map(\.program) } ?? []).sorted().compactMap { ProgramFile.fault(of: $0) }
    }

    /// Groups of rules that the directory does not know: the rule would be missed by whoever it is for. A directory that
    /// cannot tell now is asked again at each login.
    private func unknownGroups(_ read: Configuration) -> [Problem] {
        read.policy.rules.flatMap { rule in
            rule.match.groups.sorted().filter { accounts.hasGroup(named: $0) == false }.map {
                read.problem(ofRuleAt: rule.line, "the group '\($0)'", expected: "a group of this machine")
            }
        }
    }

    /// The callers by uid. One that the directory does not know, or whose uid is 0 or nobody's, is a problem: the
    /// rule would be for somebody else than was meant.
    private func resolve(_ read: Configuration) -> (callers: [UInt32: CallerRule], problems: [Problem]) {
        var resolved: [UInt32: CallerRule] = [:]
        var problems: [Problem] = []
        for (name, rule) in read.callers {
            let uid: UInt32?
            if let number = UInt32(name) {
                uid = number
            } else if let account = AccountName(name), case .found(let facts) = accounts.account(named: account) {
                uid = facts.uid
            } else {
                uid = nil
            }
            guard let uid, uid != 0, uid != PeerCredentials.overflowUID else {
                problems.append(
                    read.problem(
                        withCaller: name, "the caller '\(name)'", expected: "a service account of this machine"))
                continue
            }
            resolved[uid] = rule
        }
        return (resolved, problems)
    }
}
