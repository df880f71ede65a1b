import PAMStacks

/// A tree that a test has made up.
struct InMemoryTree: FileTree {
    var prefix = ""
    /// What is in each file.
    var files: [String: String]
    /// What is there and has no contents that matter: programs, modules.
    var present: Set<String> = []

    func contents(of path: String) -> [UInt8]? { files[path].map { Array($0.utf8) } }

    func exists(_ path: String) -> Bool {
        let all = Array(files.keys) + Array(present)
        return all.contains { $0 == path || $0.hasPrefix(path + "/") }
    }

    func names(in folder: String) -> [String] {
        let all = Array(files.keys) + Array(present)
        let inside = all.filter { $0.hasPrefix(folder + "/") }.map { $0.dropFirst(folder.count + 1) }
        return Set(inside.compactMap { $0.split(separator: "/").first.map(String.init) }).sorted()
    }
}
