import AdminProtocol
import Glibc
import PAMStacks

/// A folder for libpam with a draft in place of one service's stack, and all others as they are: links to them.
struct TrialFolder: ~Copyable {
    /// Readable by root alone.
    private let path: String
    private let names: [String]

    /// Where the other stacks stand, the first that has one first (pam.d(5)).
    private static let sources = ["/etc/pam.d", "/usr/lib/pam.d"]

    /// Makes it; `draft` is the file that stands for the service.
    static func make(_ service: String, draft: String) throws(CommandFailure) -> TrialFolder {
        guard let target = absolute(draft) else { throw failure(draft) }
        guard let path = TemporaryFolder.make("/run/twostep-trial") else { throw failure("/run") }
        var names: [String] = []
        func link(_ file: String, as name: String) -> Bool {
            guard !names.contains(name) else { return true }
            guard unsafe symlink(file, "\(path)/\(name)") == 0 else { return false }
            names.append(name)
            return true
        }
        var isComplete = link(target, as: service)
        for source in sources {
            for name in HostTree(root: "/").plainNames(in: source) where isComplete {
                isComplete = link("\(source)/\(name)", as: name)
            }
        }
        let folder = TrialFolder(path: path, names: names)
        guard isComplete else { throw failure(path) }
        return folder
    }

    deinit {
        for name in names { _ = unsafe unlink("\(path)/\(name)") }
        _ = unsafe rmdir(path)
    }

    /// Lends the path for the time of a call; afterwards the folder may be gone.
    borrowing func withPath<Result>(
        _ body: (String) throws(CommandFailure) -> Result
    ) throws(CommandFailure) -> Result { try body(path) }

    private static func absolute(_ path: String) -> String? {
        guard let found = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }

    private static func failure(_ path: String) -> CommandFailure {
        CommandFailure(.refused, code: .files, "\(path) cannot be used: \(SystemError.text(errno)).")
    }
}
