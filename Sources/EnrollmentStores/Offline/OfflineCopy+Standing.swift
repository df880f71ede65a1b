internal import Authentication
internal import CPOSIX

/// A file that is there from before the first code is spent with the copy until its database has heard of all of them: what cannot be
/// read then is not nothing. It says which database that is.
extension OfflineCopy {
    private var standing: String { "\(directory)/standing-in" }

    /// Whether codes may have been spent with it that its database has not heard of.
    var hasStoodIn: Bool { unsafe access(standing, F_OK) == 0 }

    /// The database that the file names; nil where it says nothing that makes sense.
    func readStanding() -> StoreOrigin? {
        guard let file = unsafe OpenFile.adopt(posix_open_for_reading(standing)), let (_, size) = file.facts(),
            (1...OfflineCopy.longestStanding).contains(size)
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        var target = bytes.mutableSpan
        guard file.read(into: &target) == Int(size), let text = String(validating: bytes, as: UTF8.self),
            let end = text.lastIndex(of: "\n")
        else { return nil }
        return StoreOrigin(String(text[..<end]))
    }

    private static let longestStanding: Int64 = 65_536

    /// Writes it; throws unless it is on the disk.
    func writeStanding(_ origin: StoreOrigin) throws(StoreFailure) {
        let text = Array("\(origin.text)\n".utf8)
        let new = "\(standing).new"
        guard let file = unsafe OpenFile.adopt(posix_open_or_create_private(new)), file.replace(with: text.span),
            file.flush(), unsafe rename(new, standing) == 0
        else { throw .notDurable("\(standing) cannot be written: \(words(for: posix_errno()))") }
        guard unsafe posix_flush_directory(directory) == 0 else {
            throw .notDurable("\(directory) cannot be written: \(words(for: posix_errno()))")
        }
    }

    /// Removes it; one that stays only makes the next one who cannot read the copy more careful.
    func removeStanding() {
        guard hasStoodIn else { return }
        guard unsafe unlink(standing) == 0, unsafe posix_flush_directory(directory) == 0 else {
            report(.notDurable("\(standing) cannot be removed: \(words(for: posix_errno()))"))
            return
        }
    }
}
