/// Where libpam looks for modules that are named without a folder.
package struct ModuleFolders: Sendable {
    private let files: any FileTree
    /// Those that are there.
    package let found: [String]

    /// Those of a tree.
    package init(_ files: any FileTree) {
        self.files = files
        // Debian's are below the machine's own name for itself.
        let native = ["/lib", "/usr/lib"].flatMap { folder in
            files.names(in: folder).filter { $0.contains("-linux-") }.map { "\(folder)/\($0)/security" }
        }
        found = (native + ModuleFolders.plain).filter { files.exists($0) }
    }

    private static let plain = [
        "/lib64/security", "/usr/lib64/security", "/lib/security", "/usr/lib/security", "/usr/lib/pam",
    ]

    /// Whether a folder is one of those where systems have their modules.
    static func isOne(_ folder: String) -> Bool {
        guard !plain.contains(folder) else { return true }
        let parts = folder.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.first == "", parts.last == "security", parts.count == 4 || parts.count == 5 else { return false }
        return (parts.count == 4 ? parts[1] == "lib" : parts[1] == "usr" && parts[2] == "lib")
            && parts[parts.count - 2].contains("-linux-")
    }

    /// Whether a line's module is not there. Where no folder is known nobody can tell.
    func lacks(_ line: StackLine) -> Bool {
        guard case .module(let path, _, _) = line.content, !found.isEmpty else { return false }
        return !has(path)
    }

    /// Whether there is a module under a path, or under a name.
    func has(_ path: String) -> Bool {
        if path.hasPrefix("/") { return files.exists(path) }
        // The rest of the path was decided when libpam was built.
        let plain = path.split(separator: "/").last.map(String.init) ?? path
        return found.contains { files.exists("\($0)/\(path.contains("$ISA") ? plain : path)") }
    }

    /// The names of all modules.
    var modules: [String] { found.flatMap { files.names(in: $0) }.filter { $0.hasSuffix(".so") } }
}
