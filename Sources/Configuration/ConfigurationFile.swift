import Glibc

/// The file itself: who may have written it, and what is in it.
enum ConfigurationFile {
    /// Reads the whole of the file at `path`. What may have been written by anybody but root or the daemon's own
    /// user is not read at all.
    static func read(_ path: String) throws(Problems) -> (bytes: [UInt8], warnings: [Problem]) {
        // A FIFO would keep us waiting for its writer. A link is followed: what it leads to is what is judged.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            let code = errno
            throw Problems(
                path, code == ENOENT ? "no such file" : "a file that cannot be opened (\(reason(code)))",
                expected: code == EACCES ? "one that the user twostep can read (root:twostep 0640)" : nil)
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw Problems(path, "a file that cannot be looked at (\(reason(errno)))")
        }
        try judge(status, path)
        let bytes = try content(of: descriptor, path)
        guard !bytes.isEmpty else { throw Problems(path, "an empty file", expected: "a configuration") }
        var warnings: [Problem] = []
        if status.st_mode & S_IROTH != 0 {
            warnings.append(
                Problem(file: path, found: "a file that everybody can read", expected: "mode 0640: it may hold secrets")
            )
        }
        return (bytes, warnings)
    }

    private static func judge(_ status: stat, _ path: String) throws(Problems) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw Problems(path, "a directory", expected: "a regular file")
        case S_IFIFO: throw Problems(path, "a FIFO", expected: "a regular file")
        case _: throw Problems(path, "a special file", expected: "a regular file")
        }
        var problems: [Problem] = []
        if status.st_uid != 0, status.st_uid != geteuid() {
            problems.append(Problem(file: path, found: "a file of uid \(status.st_uid)", expected: "one of root"))
        }
        if status.st_mode & (S_IWGRP | S_IWOTH) != 0 {
            let mode = String(status.st_mode & 0o7777, radix: 8)
            problems.append(
                Problem(
                    file: path, found: "a file of mode 0\(mode)",
                    expected: "one that its owner alone can write (0640)"))
        }
        guard problems.isEmpty else { throw Problems(problems) }
    }

    private static func content(of descriptor: CInt, _ path: String) throws(Problems) -> [UInt8] {
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return content }
            guard count > 0 else {
                let code = errno
                if code == EINTR { continue }
                throw Problems(path, "a file that cannot be read (\(reason(code)))")
            }
            content += buffer.prefix(count)
            guard content.count <= SourceText.maximumLength else {
                throw Problems(path, "more than \(SourceText.maximumLength) bytes", expected: "a configuration")
            }
        }
    }

    private static func reason(_ code: CInt) -> String {
        guard let text = unsafe strerror(code) else { return "errno \(code)" }
        return unsafe String(cString: text)
    }
}

extension Problems {
    /// The one thing that is wrong with the file as a whole.
    fileprivate init(_ path: String, _ found: String, expected: String? = nil) {
        self.init([Problem(file: path, found: found, expected: expected)])
    }
}
