import Authentication
import AuthenticationTesting
import CPOSIX
import EnrollmentStores
import Foundation
import GRDB
import Testing

@Suite("The state directory is the daemon's alone")
struct StateDirectoryTests {
    let place: SQLitePlace
    var path: String { place.folder.path }

    init() throws { place = try SQLitePlace() }

    @Test func `makes files that are their owner's alone, whatever the umask`() throws {
        for mask: mode_t in [0, 0o777] {
            try withUmask(mask) {
                let place = try SQLitePlace()
                let bench = try StoreBench(place)
                try bench.enrol(bench.alice)
                for name in ["twostep.sqlite", "twostep.sqlite-wal", "twostep.sqlite-shm", "lock"] {
                    #expect(try mode(of: "\(place.folder.path)/\(name)") == 0o600)
                }
            }
        }
    }

    @Test func `opens no store that is not there, and makes none on the way`() throws {
        delete(place.file)
        #expect { _ = try place.openSQLite() } throws: { words(of: $0)?.contains("`twostep init` makes one") == true }
        #expect(!FileManager.default.fileExists(atPath: place.file))
    }

    @Test func `opens no empty file in place of the store`() throws {
        delete(place.file)
        try #require(FileManager.default.createFile(atPath: place.file, contents: Data()))
        try setMode(place.file, 0o600)
        #expect(throws: StoreFailure.self) { _ = try place.openSQLite() }
    }

    @Test func `opens no database that something else has made`() throws {
        delete(place.file)
        let other = try SQLitePlace()
        try other.openSQLite().withLoginConnection { try $0.execute(sql: "PRAGMA application_id = 7") }
        other.close()
        try FileManager.default.copyItem(atPath: other.file, toPath: place.file)
        #expect { _ = try place.openSQLite() } throws: { words(of: $0)?.contains("no store of Twostep's") == true }
    }

    @Test func `makes no store where one is`() throws {
        let bench = try StoreBench(place)
        try bench.enrol(bench.alice)
        place.close()
        #expect(throws: StoreFailure.self) { try SQLiteStore.create(in: path) }
        #expect(try place.open().devices(of: nil).count == 1)
    }

    @Test func `follows no link, pipe or directory in place of the store`() throws {
        let real = "\(path)/real"
        try FileManager.default.moveItem(atPath: place.file, toPath: real)
        try makeLink(place.file, to: real)
        #expect { _ = try place.openSQLite() } throws: { words(of: $0)?.contains("not a regular file") == true }
        delete(place.file)
        try makePipe(place.file)
        #expect { _ = try place.openSQLite() } throws: { words(of: $0)?.contains("not a regular file") == true }
        delete(place.file)
        try makeDirectory(place.file)
        #expect { _ = try place.openSQLite() } throws: { words(of: $0)?.contains("not a regular file") == true }
    }

    @Test func `follows no link in place of the lock`() throws {
        delete("\(path)/lock")
        try makeLink("\(path)/lock", to: "\(path)/elsewhere")
        #expect(throws: StoreFailure.self) { _ = try place.openSQLite() }
        #expect(!FileManager.default.fileExists(atPath: "\(path)/elsewhere"))
    }

    @Test(arguments: [0o720, 0o702, 0o777, 0o1777])
    func `refuses a directory that others can write into`(_ mode: Int) throws {
        try setMode(path, mode)
        #expect { _ = try place.openSQLite() } throws: { words(of: $0)?.contains("others may write") == true }
    }

    @Test(arguments: [0o755, 0o750, 0o701])
    func `closes a directory that others can look into, and says so`(_ mode: Int) throws {
        try setMode(path, mode)
        _ = try place.openSQLite()
        #expect(try EnrollmentStoresTests.mode(of: path) == 0o700)
        #expect(place.reports.all.count == 1)
        #expect(place.reports.all.first.flatMap(words)?.contains("had mode 0\(String(mode, radix: 8))") == true)
    }

    @Test func `closes a store that others can read, and says so`() throws {
        try setMode(place.file, 0o644)
        _ = try place.openSQLite()
        #expect(try mode(of: place.file) == 0o600)
        #expect(place.reports.all.count == 1)
    }

    @Test func `refuses a directory or a store of somebody else`() throws {
        try setOwner(place.file, 12345)
        #expect { _ = try place.openSQLite() } throws: { words(of: $0)?.contains("belongs to uid 12345") == true }
        try setOwner(place.file, 0)
        try setOwner(path, 12345)
        #expect { _ = try place.openSQLite() } throws: { words(of: $0)?.contains("belongs to uid 12345") == true }
    }

    @Test func `refuses a directory that is missing, or none`() throws {
        for path in ["\(path)/missing", place.file] {
            #expect(throws: StoreFailure.self) { _ = try SQLiteStore.open(in: path, sealing: place.sealing) }
            #expect(throws: StoreFailure.self) { try SQLiteStore.create(in: path) }
        }
    }

    @Test func `refuses a second daemon, and names the first`() throws {
        let first = try place.openSQLite()
        #expect(throws: StoreFailure.inUse("\(path) is in use by process \(getpid())")) {
            _ = try SQLiteStore.open(in: path, sealing: place.sealing)
        }
        #expect(throws: StoreFailure.self) { try SQLiteStore.create(in: path) }
        #expect(try first.devices(of: nil).isEmpty)
        place.close()
        _ = try place.openSQLite()
    }

    @Test func `lets go of the store though a child that is being started has a copy of the lock`() throws {
        _ = try place.openSQLite()
        let folder = try #require(path.split(separator: "/").last)
        let lock = try #require(
            (0..<4096).first { descriptor in
                let file = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
                return file?.hasSuffix("/\(folder)/lock") == true
            })
        let copy = dup(Int32(lock))
        try #require(copy >= 0)
        defer { _ = close(copy) }
        place.close()
        _ = try place.openSQLite()
    }
}

/// The words of a failure that has any.
func words(of error: any Error) -> String? {
    switch error as? StoreFailure {
    case .unreachable(let words), .damaged(let words), .notDurable(let words), .inUse(let words),
        .sealedWithAnotherKey(let words):
        words
    case .newer, nil: nil
    }
}
