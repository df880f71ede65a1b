import Glibc

/// The directories that the daemon needs, made where they are missing while it is still root.
enum StateDirectories {
    static func prepare(_ options: DaemonOptions, owner: Privileges.Target) throws(StartFailure) {
        try prepareRuntime(options)
        try make(options.stateDirectory, mode: 0o700, owner: owner)
    }

    /// Root's, or the module would not trust what is in it.
    static func prepareRuntime(_ options: DaemonOptions) throws(StartFailure) {
        try make(options.runtimeDirectory, mode: 0o755, owner: nil)
    }

    /// Makes a directory if nothing stands there; whatever does is judged by whoever uses it.
    private static func make(_ path: String, mode: mode_t, owner: Privileges.Target?) throws(StartFailure) {
        var status = stat()
        if unsafe lstat(path, &status) == 0 { return }
        guard unsafe mkdir(path, 0o700) == 0, unsafe chmod(path, mode) == 0 else {
            throw StartFailure("cannot make the directory \(path): \(Privileges.reason())")
        }
        if let owner, unsafe lchown(path, owner.uid, owner.gid) != 0 {
            throw StartFailure("cannot give \(path) to the user '\(Privileges.user)': \(Privileges.reason())")
        }
    }
}
