import Glibc

/// How bad a line is, for the journal of whichever unit this runs in (sd-daemon(3)).
enum JournalLevel {
    /// Before an error; empty where standard error is not the journal's.
    static var error: String {
        guard let stream = ProcessEnvironment.value(of: "JOURNAL_STREAM") else { return "" }
        var status = stat()
        guard unsafe fstat(STDERR_FILENO, &status) == 0 else { return "" }
        return stream == "\(status.st_dev):\(status.st_ino)" ? "<3>" : ""
    }
}
