/// Files of a system, by the paths that they have in it: the machine's own, one that is mounted somewhere, or one that
/// a test has made up.
package protocol FileTree: Sendable {
    /// What stands in front of a path for people: empty for the machine's own, `/mnt` for one that is mounted there.
    var prefix: String { get }

    /// What is in the file at an absolute path, links followed within the tree; nil where there is none that can be
    /// read.
    func contents(of path: String) -> [UInt8]?

    /// Whether something is there.
    func exists(_ path: String) -> Bool

    /// What is in a folder, sorted; empty where there is none.
    func names(in folder: String) -> [String]
}

extension FileTree {
    /// The same without what begins with a dot.
    package func plainNames(in folder: String) -> [String] { names(in: folder).filter { !$0.hasPrefix(".") } }
}
