/// Reads a service's file, and the files that it includes where they are included, as libpam does.
struct StackReader {
    /// More substacks in each other are refused (libpam's PAM_SUBSTACK_MAX_LEVEL).
    private static let mostSubstacks = 16
    /// Files that include each other in a circle: old versions of libpam never end, new ones refuse them.
    private static let mostIncludes = 32

    let group: ManagementGroup
    let tree: StackTree
    private(set) var steps: [StackStep] = []
    private(set) var files: [StackFile] = []
    private(set) var failure: StackFailure?

    init(group: ManagementGroup, tree: StackTree) {
        self.group = group
        self.tree = tree
    }

    /// Reads one file; returns whether libpam would take it. `requested` is the group that an `include` was for; nil
    /// at the top, and below `@include` there.
    mutating func read(
        _ file: StackFile, requested: ManagementGroup?, depth: Int, level: Int, via: [StackStep.Place]
    ) -> Bool {
        if !files.contains(where: { $0.path == file.path }) { files.append(file) }
        for line in file.lines {
            let here = StackStep.Place(path: file.path, line: line)
            if case .wholeFile(let name) = line.content {
                guard !include(name, requested: requested, here, depth: depth, level: level, via: via) else { continue }
                // For no group in particular libpam has no place where it could fail.
                guard let requested else {
                    failure = failure ?? StackFailure(path: file.path, line: line, reason: unreadable(name))
                    return false
                }
                if requested == group { add(.mustFail(unreadable(name)), here, level, via) }
                continue
            }
            let counted = line.group ?? requested ?? .auth
            guard counted == requested ?? counted, counted == group else { continue }
            switch line.content {
            case .module:
                add(line.group == nil ? .mustFail("the type '\(line.groupWord)'") : .module, here, level, via)
            case .broken(let reason, _): add(.mustFail(reason), here, level, via)
            case .include(let name):
                guard !include(name, requested: group, here, depth: depth, level: level, via: via) else { continue }
                add(.mustFail(unreadable(name)), here, level, via)
            case .substack(let name):
                add(.substack, here, level, via)
                guard !include(name, requested: group, here, depth: depth, level: level + 1, via: via) else { continue }
                add(.mustFail(unreadable(name)), here, level, via)
            case .wholeFile: continue
            }
        }
        if file.isCutOff {
            failure = failure ?? StackFailure(path: file.path, line: nil, reason: "a last line that ends with \\")
        }
        return !file.isCutOff
    }

    private mutating func include(
        _ name: String, requested: ManagementGroup?, _ here: StackStep.Place, depth: Int, level: Int,
        via: [StackStep.Place]
    ) -> Bool {
        guard depth < StackReader.mostIncludes, level < StackReader.mostSubstacks,
            let file = tree.file(named: name)
        else { return false }
        return read(file, requested: requested, depth: depth + 1, level: level, via: via + [here])
    }

    private mutating func add(_ kind: StackStep.Kind, _ here: StackStep.Place, _ level: Int, _ via: [StackStep.Place]) {
        steps.append(StackStep(kind: kind, path: here.path, line: here.line, level: level, via: via))
    }

    private func unreadable(_ name: String) -> String { "'\(name)', which cannot be read" }
}
