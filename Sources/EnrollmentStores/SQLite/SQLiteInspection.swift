package import Authentication
internal import CPOSIX
internal import Synchronization

/// Looks at whole states of a SQLite store, each time on a connection of its own.
struct SQLiteInspection: StoreInspection {
    let directory: StateDirectory
    let sealing: any SecretSealing
    /// There is one name for copies that are being made.
    private static let making = Mutex(())

    func findings() throws(StoreFailure) -> [String] {
        let reader = try StoreReader(directory.database, sealing: sealing) { _ in }
        defer { reader.close() }
        return try reader.check()
    }

    func snapshot() throws(StoreFailure) -> any StoreSnapshot {
        let directory = directory
        return try SQLiteInspection.making.withLock { (_) throws(StoreFailure) in
            let path = directory.snapshot
            // What a daemon that was killed has left.
            unsafe unlink(path)
            guard let file = unsafe OpenFile.adopt(posix_create_private(path)) else {
                throw .notDurable("the copy \(path) cannot be made: \(words(for: posix_errno()))")
            }
            // Without a name it is gone with whoever has it open, however that ends.
            defer { unsafe unlink(path) }
            let reader = try StoreReader(directory.database, sealing: sealing) { _ in }
            defer { reader.close() }
            try reader.copy(to: path)
            guard let (_, size) = file.facts(), size > 0 else {
                throw .notDurable("the copy \(path) is empty")
            }
            return SQLiteSnapshot(file, size: size)
        }
    }
}

/// A copy of a SQLite store in a file without a name.
private final class SQLiteSnapshot: StoreSnapshot {
    private let file: OpenFile
    let size: Int64

    init(_ file: consuming OpenFile, size: Int64) {
        self.file = file
        self.size = size
    }

    func bytes(from offset: Int64, atMost count: Int) throws(StoreFailure) -> [UInt8] {
        guard (0...size).contains(offset), count > 0 else { return [] }
        let length = min(Int64(count), size - offset)
        var bytes = [UInt8](repeating: 0, count: Int(length))
        var target = bytes.mutableSpan
        guard file.read(from: offset, into: &target) == Int(length) else {
            throw .unreachable("the copy of the store cannot be read: \(words(for: posix_errno()))")
        }
        return bytes
    }
}

extension SQLiteStore {
    package var inspection: (any StoreInspection)? { SQLiteInspection(directory: directory, sealing: sealing) }

    /// A connection for one list: what takes long there must keep neither logins waiting nor the connection that they look at
    /// users through.
    package var reading: (@Sendable () throws(StoreFailure) -> any StoreReading)? {
        let (path, sealing, report) = (directory.database, sealing, report)
        return { () throws(StoreFailure) in try StoreReader(path, sealing: sealing, report: report) }
    }

    /// What is wrong with the store in `directory`, in sentences, whether somebody has it open or not: for `twostep check`.
    package static func findings(in directory: String, sealing: any SecretSealing) throws(StoreFailure) -> [String] {
        let place = StateDirectory(path: directory)
        var found: [String] = []
        try place.check { found.append(Integrity.words(of: $0)) }
        guard try place.hasDatabase({ found.append(Integrity.words(of: $0)) }) else {
            throw .unreachable("there is no store at \(place.database)")
        }
        return found + (try SQLiteInspection(directory: place, sealing: sealing).findings())
    }
}
