/// PAM's files of a system as libpam finds them: /etc/pam.d before /usr/lib/pam.d, and `other` for whoever has none.
///
/// For a change to come, ask the tree with the change: `tree.editing(path, bytes)`, then `stack(of:)` and what
/// `StackReview` says of it.
package struct StackTree: Sendable {
    /// Where libpam looks, the first that has the file.
    package static let folders = ["/etc/pam.d", "/usr/lib/pam.d"]
    /// The service whose lines count for those that have none (pam.d(5)).
    package static let fallback = "other"

    package let files: any FileTree

    package init(_ files: any FileTree) { self.files = files }

    /// The tree below a folder of this machine.
    package init(root: String) { self.init(HostTree(root: root)) }

    /// The same with another content of the file at `path`.
    package func editing(_ path: String, _ bytes: [UInt8]) -> StackTree {
        StackTree(EditedTree(files, edits: [path: bytes]))
    }

    /// The services that have a file, sorted.
    package var services: [String] {
        Set(StackTree.folders.flatMap { files.names(in: $0) }.filter { !$0.hasPrefix(".") }).sorted()
    }

    /// The file of a service, or the one that a line includes; nil where there is none. An absolute path is itself.
    package func file(named name: String) -> StackFile? {
        let places = name.hasPrefix("/") ? [name] : StackTree.folders.map { "\($0)/\(name)" }
        for place in places {
            if let bytes = files.contents(of: place) { return StackFile(path: place, bytes: bytes) }
        }
        return nil
    }

    /// What libpam would run for a service, with everything that it includes in its place.
    package func stack(of service: String, _ group: ManagementGroup = .auth) -> Stack {
        Stack(of: service, group, in: self)
    }
}
