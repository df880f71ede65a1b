import PAMStacks

/// A tree of files that an input is made into.
struct MadeUpTree: FileTree {
    var prefix: String { "" }
    var files: [String: [UInt8]]

    func contents(of path: String) -> [UInt8]? { files[path] }

    func exists(_ path: String) -> Bool { files.keys.contains { $0 == path || $0.hasPrefix(path + "/") } }

    func names(in folder: String) -> [String] {
        let inside = files.keys.filter { $0.hasPrefix(folder + "/") }.map { $0.dropFirst(folder.count + 1) }
        return Set(inside.compactMap { $0.split(separator: "/").first.map(String.init) }).sorted()
    }
}
