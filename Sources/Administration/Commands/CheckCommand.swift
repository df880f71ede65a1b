import ArgumentParser
import Daemon
import PAMStacks

/// `twostep check`: whether logins would go the way that they should, and everything that keeps them from it.
struct CheckCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Look for mistakes before twostepd, or somebody else, finds them.",
        usage: "twostep check [--config <file>] [--only <subjects>] [options]",
        discussion: """
            Looks at the configuration as twostepd would read it, at who may change it, at the stacks of PAM, at sshd, \
            at other doors to the same accounts and at the clock. Needs no twostepd, and changes nothing. Names every problem with \
            its place and, where that is known, what to write there. Exits with 1 if there is a problem.
            Example: twostep check --config draft.yaml
            """)

    /// What can be looked at, in the order in which it is.
    enum Subject: String, CaseIterable {
        case configuration, permissions, stacks, sshd, doors, clock, store
    }

    @Option(
        help: ArgumentHelp(
            "The configuration. If it is given, nothing else is looked at unless --only says so.", valueName: "file"))
    var config: String?
    @Flag(help: "Let the module insecure_example in, as twostepd does with this option.")
    var allowInsecureExample = false
    @Option(help: ArgumentHelp("The root of another system: one that is mounted there.", valueName: "folder"))
    var root = "/"
    @Option(
        help: ArgumentHelp(
            "Look at these alone, with commas between them: configuration, permissions, stacks, sshd, doors, clock, store.",
            valueName: "subjects"))
    var only: String?
    @Flag(
        help: "Look at the store: every row, every secret. Nothing else is looked at unless --only says so; root only.")
    var store = false
    @Option(help: ArgumentHelp("Where the store lies, for --store.", valueName: "directory"))
    var stateDirectory = "/var/lib/twostep"
    @Option(
        help: ArgumentHelp(
            "The key of the store, for --store. Without it, twostep.key beside the configuration.", valueName: "file"))
    var keyFile: String?
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let chosen = try subjects()
        let files = HostTree(root: root)
        guard files.prefix.hasPrefix("/") || files.prefix.isEmpty, files.exists("/") else {
            throw CommandFailure(
                .usage, code: .usage, "'\(root)' is no folder that a system could be in.",
                hint: "Expected the absolute path of a folder: twostep check --root /mnt")
        }
        // The clock is this machine's, whose files are looked at or not.
        let subjects = chosen.filter { $0 != .clock || only != nil || files.prefix.isEmpty }
        let tree = StackTree(files)
        let path = config ?? "\(files.prefix)/etc/twostep/config.yaml"
        // Of another system the users are not those of this one.
        let asDaemon = world.mayChangeUser && files.prefix.isEmpty
        let read = InspectedConfiguration(path: path, allowsInsecure: allowInsecureExample, asDaemon: asDaemon)
        let policy = read.active?.policy
        guard files.prefix.isEmpty || !subjects.contains(.store) else {
            throw CommandFailure(
                .usage, code: .usage,
                "The store of another system cannot be looked at: its users are not those of this one.")
        }
        let key =
            subjects.contains(.store)
            ? try StoreKeyOptions.path(keyFile, beside: config ?? "/etc/twostep/config.yaml") : ""
        var sources: [any FindingSource] = subjects.map { subject in
            switch subject {
            case .configuration: ConfigurationFindings(read: read, isMadeByInit: config == nil && files.prefix.isEmpty)
            case .permissions: PermissionFindings(tree: files)
            case .stacks: StackFindings(tree: tree, policy: policy)
            case .sshd:
                SSHDFindings(
                    tree: tree, program: HostSSHD(files), isRoot: world.accounts.isPrivileged, policy: policy)
            case .doors: DoorFindings(tree: tree)
            case .clock:
                ClockFindings(tree: files, now: world.now(), isSynchronized: world.isClockSynchronized())
            case .store:
                StoreFindingSource(
                    stateDirectory: stateDirectory, database: OfflineStore.database(in: path), keyFile: key,
                    runtimeDirectory: service.runtimeDirectory,
                    isRoot: world.accounts.isPrivileged, replyLimit: world.replyLimit)
            }
        }
        if let upstream = read.active?.upstream, config == nil, only == nil, files.prefix.isEmpty {
            sources.append(
                HubFindings(
                    tree: files, stateDirectory: stateDirectory, configuration: path, upstream: upstream,
                    runtimeDirectory: service.runtimeDirectory, replyLimit: world.replyLimit, now: world.now()))
        }
        return CheckReport(sources).report
    }

    private func subjects() throws(CommandFailure) -> [Subject] {
        guard let only else {
            guard !store else { return [.store] }
            return config == nil ? Subject.allCases.filter { $0 != .store } : [.configuration]
        }
        var chosen: [Subject] = store ? [.store] : []
        for word in only.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
            guard let subject = Subject(rawValue: word) else {
                throw CommandFailure(
                    .usage, code: .usage, "'\(word)' is nothing that can be looked at.",
                    hint: "Expected some of: \(Subject.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            chosen.append(subject)
        }
        return Subject.allCases.filter { chosen.contains($0) }
    }
}

/// Taken by every verb that reads the configuration itself.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The configuration.", valueName: "file")) var config = "/etc/twostep/config.yaml"
    @Flag(help: "Let the module insecure_example in, as twostepd does with this option.")
    var allowInsecureExample = false
}
