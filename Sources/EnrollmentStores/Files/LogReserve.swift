internal import CPOSIX

/// Room for SQLite's write-ahead log, on the disk before the first commit.
///
/// While a log grows, each commit waits for the file system's own journal too, since the file's length and its blocks
/// are part of what must survive a power cut; where it is written over, a commit waits for its data alone, which is
/// about half. SQLite takes zeros for an empty log, begins at its start, and after each checkpoint begins there again.
enum LogReserve {
    /// The log's header, and a little more than the thousand pages at which SQLite copies them into the store.
    static let size = 32 + 1024 * (24 + 4096)
    /// The reserve is made where the disk has so many times as much room, and never at others' expense.
    static let plenty = 16

    /// Makes the reserve for the store at `database`, which nobody has open. A log that holds something is left as it is;
    /// without a reserve everything works, and takes longer.
    static func make(for database: String, in directory: String) {
        guard unsafe posix_free_space(directory) >= UInt64(size * plenty),
            let file = unsafe OpenFile.adopt(posix_open_or_create_private("\(database)-wal")),
            let (facts, length) = file.facts(), facts.type == S_IFREG, length == 0
        else { return }
        let zeros = [UInt8](repeating: 0, count: size)
        if !file.replace(with: zeros.span) || !file.flush() {
            _ = file.replace(with: zeros.span.extracting(first: 0))
        }
    }
}
