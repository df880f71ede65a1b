import Glibc

/// A tree of this machine's file system. Links are followed as a process would follow them whose root it is.
package struct HostTree: FileTree {
    /// No file of PAM's or sshd's is longer.
    private static let longest = 1 << 20
    /// As many links as the kernel follows (path_resolution(7)).
    private static let mostLinks = 40

    package let prefix: String

    /// A tree whose root is the folder `root`; `/` is the machine's own.
    package init(root: String) {
        var root = root
        while root.hasSuffix("/") { root.removeLast() }
        prefix = root
    }

    package func contents(of path: String) -> [UInt8]? {
        guard let place = resolved(path) else { return nil }
        // A FIFO would keep us waiting for its writer.
        let descriptor = unsafe open(place, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while content.count <= HostTree.longest {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return content }
            if count > 0 {
                content += buffer.prefix(count)
            } else if errno != EINTR {
                return nil
            }
        }
        return nil
    }

    package func exists(_ path: String) -> Bool {
        guard let place = resolved(path) else { return false }
        var status = stat()
        return unsafe lstat(place, &status) == 0
    }

    package func names(in folder: String) -> [String] {
        guard let place = resolved(folder), let directory = unsafe opendir(place) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Where a path of the tree leads to outside of it; nil where links go round in circles.
    package func resolved(_ path: String) -> String? {
        guard !prefix.isEmpty else { return path }
        var waiting = Array(path.split(separator: "/").map(String.init).reversed())
        var walked: [String] = []
        var links = 0
        while let name = waiting.popLast() {
            switch name {
            case ".": continue
            case "..": _ = walked.popLast()
            case _:
                let place = prefix + "/" + (walked + [name]).joined(separator: "/")
                guard let target = HostTree.link(place) else {
                    walked.append(name)
                    continue
                }
                links += 1
                guard links <= HostTree.mostLinks else { return nil }
                if target.hasPrefix("/") { walked = [] }
                waiting += target.split(separator: "/").map(String.init).reversed()
            }
        }
        return prefix + "/" + walked.joined(separator: "/")
    }

    /// What a symbolic link says; nil for whatever is none.
    package static func link(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                guard let start = characters.baseAddress else { return -1 }
                return unsafe readlink(path, start, characters.count)
            }
        }
        return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
    }
}
