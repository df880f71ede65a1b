import AdminProtocol
import Glibc

/// A folder for drafts that are read by other programs and never installed: root's alone, and gone at the end.
final class TemporaryTree {
    let path: String
    private var files: [String] = []
    private var folders: [String] = []

    private init(path: String) { self.path = path }

    static func make() throws(CommandFailure) -> TemporaryTree {
        for folder in ["/run", "/tmp"] {
            if let made = TemporaryFolder.make("\(folder)/twostep-draft") { return TemporaryTree(path: made) }
        }
        throw HostFile.failure("make a folder in", "/run", errno)
    }

    deinit {
        for file in files { _ = unsafe unlink(file) }
        for folder in folders.reversed() { _ = unsafe rmdir(folder) }
        _ = unsafe rmdir(path)
    }

    /// Writes a file; its name may have one folder before it.
    func write(_ bytes: [UInt8], as name: String) throws(CommandFailure) {
        if let slash = name.firstIndex(of: "/") {
            let folder = "\(path)/\(name[..<slash])"
            if !folders.contains(folder) {
                guard unsafe mkdir(folder, 0o700) == 0 else { throw HostFile.failure("make", folder, errno) }
                folders.append(folder)
            }
        }
        try HostFile.write(bytes, to: "\(path)/\(name)", newMode: 0o600)
        files.append("\(path)/\(name)")
    }
}
