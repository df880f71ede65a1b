/// What libpam runs for a service and a group: the lines of its file and of those that it includes, in their order.
package struct Stack: Sendable {
    package let service: String
    package let group: ManagementGroup
    /// The file that was begun with; nil where there is none, not even of the service `other`.
    package let file: StackFile?
    /// Whether the service has no lines of its own for the group, and those of `other` count.
    package let isFallback: Bool
    package let steps: [StackStep]
    /// What libpam could not read: it refuses the service altogether, in every group.
    package let failure: StackFailure?
    /// All files that were read for it, each once.
    package let files: [StackFile]

    /// Resolves a service as libpam does.
    init(of service: String, _ group: ManagementGroup, in tree: StackTree) {
        self.service = service
        self.group = group
        let own = tree.file(named: service).map { Stack.resolve($0, group, in: tree) }
        if let own, own.failure != nil || !own.steps.isEmpty {
            (file, isFallback, steps) = (own.file, false, own.steps)
            (failure, files) = (own.failure, own.files)
            return
        }
        let other = tree.file(named: StackTree.fallback).map { Stack.resolve($0, group, in: tree) }
        file = other?.file ?? own?.file
        isFallback = true
        steps = other?.steps ?? []
        failure = other?.failure
        files = (own?.files ?? []) + (other?.files ?? [])
    }

    private typealias Resolution = (file: StackFile, steps: [StackStep], failure: StackFailure?, files: [StackFile])

    private static func resolve(_ file: StackFile, _ group: ManagementGroup, in tree: StackTree) -> Resolution {
        var reader = StackReader(group: group, tree: tree)
        let isReadable = reader.read(file, requested: nil, depth: 0, level: 0, via: [])
        return (file, reader.steps, isReadable ? nil : reader.failure, reader.files)
    }

    /// Where our module stands among the steps.
    package var ours: [Int] { steps.indices.filter { steps[$0].isOurs } }

    /// Whether something before our module asks for a factor: a password as a rule.
    package var asksBefore: Bool {
        steps.prefix(ours.first ?? steps.count).contains {
            $0.kind == .module && ModuleKind($0.line.module ?? "").isFactor
        }
    }

    /// Whether our module is in it.
    package var isGuarded: Bool { steps.contains { $0.isOurs } }

    /// Whether somebody has meant it to be: its name is mistyped, or libpam gives the service up before it comes to it.
    func isMeantToBeGuarded(_ modules: ModuleFolders) -> Bool {
        if failure != nil, files.contains(where: { $0.lines.contains { $0.group == group && $0.isLikeOurs } }) {
            return true
        }
        return steps.contains { $0.kind == .module && $0.line.isLikeOurs && modules.lacks($0.line) }
    }
}
