package import PAMStacks

/// sshd_config with the files that it includes: what stands where. What is in force is for sshd to say.
package struct SSHDFile {
    package static let path = "/etc/ssh/sshd_config"
    /// As deep as sshd includes files.
    private static let deepest = 16

    package private(set) var lines: [SSHDLine] = []
    package private(set) var blocks: [SSHDBlock] = []

    /// Files and patterns that sshd may read and that are not read here.
    package private(set) var unread: [String] = []
    /// Lines, by file and number, that sshd may read otherwise than they are read here.
    package private(set) var doubtful: [String] = []
    /// What it was read from: the files, and the folders in which files were looked for.
    package private(set) var paths: [String] = []

    package init(_ files: any FileTree, at path: String = SSHDFile.path) { read(path, files, blocks: [], depth: 0) }

    private mutating func read(_ path: String, _ files: any FileTree, blocks outer: [Int], depth: Int) {
        paths.append(path)
        guard depth <= SSHDFile.deepest, let bytes = files.contents(of: path) else {
            unread.append(path)
            return
        }
        // A block ends with its file.
        var inside = outer
        let text = String(decoding: bytes, as: UTF8.self)
        for (index, raw) in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            let number = index + 1
            if SSHDLine.isDoubtful(String(decoding: raw, as: UTF8.self)) { doubtful.append("\(path):\(number)") }
            guard let line = SSHDLine(String(decoding: raw, as: UTF8.self), path: path, number: number, blocks: inside)
            else { continue }
            switch line.keyword {
            case "match":
                blocks.append(SSHDBlock(line))
                inside = outer + [blocks.count - 1]
            case "include":
                for pattern in line.arguments {
                    for included in self.files(pattern, files) {
                        read(included, files, blocks: inside, depth: depth + 1)
                    }
                }
            case _: lines.append(line)
            }
        }
    }

    /// The files that a pattern is for, in the order in which sshd reads them; `*` and `?` in the last part alone.
    private mutating func files(_ pattern: String, _ files: any FileTree) -> [String] {
        let path = pattern.hasPrefix("/") ? pattern : "/etc/ssh/\(pattern)"
        guard let slash = path.lastIndex(of: "/") else { return [] }
        let folder = String(path[..<slash])
        let name = String(path[path.index(after: slash)...])
        if folder.contains(where: { "*?[\\".contains($0) }) || name.contains(where: { "[\\".contains($0) }) {
            unread.append(path)
        }
        // A file may come to be there, or go.
        if files.exists(folder) { paths.append(folder) }
        guard name.contains("*") || name.contains("?") else { return files.exists(path) ? [path] : [] }
        return files.names(in: folder).filter { $0.first != "." || name.first == "." }
            .filter { SSHDPattern.holds(name, for: $0) }.map { "\(folder)/\($0)" }
    }

    /// The line that sets a keyword for a connection: the first of a block that is meant, else the first of none.
    package func line(setting keyword: String, for connection: SSHDConnection, _ names: SystemNames) -> SSHDLine? {
        let named = lines.filter { $0.keyword == keyword }
        let inBlock = named.first { line in
            !line.blocks.isEmpty
                && line.blocks.allSatisfy { blocks[$0].holds(for: connection, names) }
        }
        return inBlock ?? named.first { $0.blocks.isEmpty }
    }
}
