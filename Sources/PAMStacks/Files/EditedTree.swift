/// A tree in which some files are other than they are: what it would be after a change.
package struct EditedTree: FileTree {
    private let base: any FileTree
    private let edits: [String: [UInt8]]

    package init(_ base: any FileTree, edits: [String: [UInt8]]) {
        self.base = base
        self.edits = edits
    }

    package var prefix: String { base.prefix }

    package func contents(of path: String) -> [UInt8]? { edits[path] ?? base.contents(of: path) }

    package func exists(_ path: String) -> Bool { edits[path] != nil || base.exists(path) }

    package func names(in folder: String) -> [String] {
        let added = edits.keys.filter { $0.hasPrefix(folder + "/") && !$0.dropFirst(folder.count + 1).contains("/") }
        return Set(base.names(in: folder) + added.map { String($0.dropFirst(folder.count + 1)) }).sorted()
    }
}
