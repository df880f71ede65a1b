import PAMStacks

/// A tree that a test has made up.
package struct InMemoryTree: FileTree {
    package let prefix = ""
    /// What is in each file.
    package var files: [String: String]
    /// What is there and has no contents that matter: programs, modules.
    package var present: Set<String>

    package init(files: [String: String], present: Set<String> = []) {
        self.files = files
        self.present = present
    }

    package func contents(of path: String) -> [UInt8]? { files[path].map { Array($0.utf8) } }

    package func exists(_ path: String) -> Bool {
        let all = Array(files.keys) + Array(present)
        return all.contains { $0 == path || $0.hasPrefix(path + "/") }
    }

    package func names(in folder: String) -> [String] {
        let all = Array(files.keys) + Array(present)
        let inside = all.filter { $0.hasPrefix(folder + "/") }.map { $0.dropFirst(folder.count + 1) }
        return Set(inside.compactMap { $0.split(separator: "/").first.map(String.init) }).sorted()
    }
}
