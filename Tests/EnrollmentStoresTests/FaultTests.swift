import Authentication
import AuthenticationTesting
import CPOSIX
import EnrollmentStores
import Foundation
import GRDB
import Testing

@Suite("What a broken disk does to the store")
struct FaultTests {
    /// A store whose one account has spent 7, closed, and the bytes of its file.
    struct Closed {
        let place: SQLitePlace
        let bench: StoreBench
        let image: [UInt8]

        init() throws {
            // Thousands of stores are opened here; in memory that takes a tenth of the time.
            place = try SQLitePlace(in: FaultTests.hasPrivateMounts ? "/run" : NSTemporaryDirectory())
            bench = try StoreBench(place)
            try bench.enrol(bench.alice)
            try bench.enrol(bench.bob)
            try bench.answer("wrong", by: bench.bob)
            try bench.answer("right 7", by: bench.alice)
            place.close()
            image = Array(try Data(contentsOf: URL(fileURLWithPath: place.file)))
        }

        func write(_ image: some Sequence<UInt8>) throws {
            for suffix in ["-wal", "-shm"] { delete(place.file + suffix) }
            try Data(image).write(to: URL(fileURLWithPath: place.file))
            try setMode(place.file, 0o600)
        }

        /// What the spent code is worth now; nil if the store does not even open, or cannot commit.
        func spentAgain() -> Outcome? {
            guard let store = try? place.openSQLite() else { return nil }
            defer { place.close() }
            return (try? store.commit([bench.attempt(.typed("right 7"), by: bench.alice)]))?.first
        }
    }

    @Test func `accepts no spent code whatever bit has flipped`() throws {
        let closed = try Closed()
        #expect(closed.spentAgain() == .rejected(.replayed))
        // Fixed, so that a failure can be looked at again: splitmix64.
        var seed: UInt64 = 20_231_114
        func draw() -> UInt64 {
            seed &+= 0x9e37_79b9_7f4a_7c15
            var z = seed
            z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
            return z ^ z >> 31
        }
        // The header and the schema, then anywhere, then where the records stand.
        let records = closed.image.indices.filter { closed.image[$0] != 0 }
        var bits = (0..<800).map { $0 }
        bits += (0..<200).map { _ in Int(draw() % UInt64(closed.image.count * 8)) }
        bits += (0..<1000).map { _ in records[Int(draw() % UInt64(records.count))] * 8 + Int(draw() % 8) }
        for bit in bits {
            var image = closed.image
            image[bit / 8] ^= 1 << UInt8(bit % 8)
            try closed.write(image)
            if case .accepted = closed.spentAgain() { Issue.record("bit \(bit) revives a spent code") }
        }
    }

    @Test func `refuses a file that has been cut, and says so`() throws {
        let closed = try Closed()
        let sizes = [0, 1, 15, 16, 99, 100, 511, 512, 1024] + stride(from: 4095, to: closed.image.count, by: 2048)
        for size in sizes {
            try closed.write(closed.image.prefix(size))
            #expect(closed.spentAgain() != .accepted(closed.bench.alice), "cut to \(size) bytes")
        }
        try closed.write(closed.image.prefix(4096))
        #expect { _ = try closed.place.openSQLite() } throws: { words(of: $0) != nil }
    }

    @Test func `refuses what is no database, and says so`() throws {
        let closed = try Closed()
        try closed.write([UInt8](repeating: 0x5a, count: 8192))
        #expect { _ = try closed.place.openSQLite() } throws: {
            words(of: $0)?.contains("no SQLite database") == true
        }
    }

    @Test func `keeps one spent when the daemon dies without closing the store`() throws {
        let closed = try Closed()
        let store = try closed.place.openSQLite()
        #expect(
            try store.commit([closed.bench.attempt(.typed("right 8"), by: closed.bench.alice)])
                == [.accepted(closed.bench.alice)])
        // What a process that is killed leaves: the file and its write-ahead log, as they are now.
        let other = try SQLitePlace()
        delete(other.file)
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: closed.place.file + suffix, toPath: other.file + suffix)
        }
        let reopened = try SQLiteStore.open(in: other.folder.path, sealing: closed.place.sealing)
        #expect(
            try reopened.commit([closed.bench.attempt(.typed("right 8"), by: closed.bench.alice)])
                == [.rejected(.replayed)])
    }

    @Test func `tells nobody anything while the store cannot grow`() throws {
        let bench = try StoreBench(SQLitePlace())
        let store = try #require(bench.store as? SQLiteStore)
        try bench.enrol(bench.alice)
        try store.withLoginConnection { database throws in
            let pages = try #require(try Int.fetchOne(database, sql: "PRAGMA page_count"))
            try database.execute(sql: "PRAGMA max_page_count = \(pages)")
        }
        let names = try (0..<200).map { try StoreBench.account("somebody-with-a-rather-long-name-\($0)") }
        #expect { try store.commit(names.map { bench.attempt(.typed("wrong"), by: $0) }) } throws: { error in
            guard case .notDurable(let words) = error as? StoreFailure else { return false }
            return words.contains("is full")
        }
        #expect(try store.counters(of: nil).isEmpty)
        // What needs no room still works, and so does everything once there is room again.
        #expect(try bench.answer("right 1", by: bench.alice) == .accepted(bench.alice))
        try store.withLoginConnection { try $0.execute(sql: "PRAGMA max_page_count = 100000") }
        #expect(try store.commit(names.map { bench.attempt(.typed("wrong"), by: $0) }).count == 200)
    }

    /// A tmpfs of its own is mounted only where that is nobody else's business: where /run is the one that Tests/run
    /// has mounted for the tests. (To compare mount namespaces would take the right to look into process 1.)
    static var hasPrivateMounts: Bool {
        guard geteuid() == 0, let mounts = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8) else {
            return false
        }
        return mounts.split(separator: "\n").contains { $0.contains(" / /run ") && $0.contains(" - tmpfs tests ") }
    }

    @Test(.enabled(if: FaultTests.hasPrivateMounts, "needs a mount namespace of its own (unshare -m)"))
    func `spends nothing on a full disk, and goes on when there is room`() throws {
        let folder = try TemporaryFolder("/run")
        let disk = "\(folder.path)/disk"
        try makeDirectory(disk)
        try run("/bin/mount", "-t", "tmpfs", "-o", "size=512k,mode=700", "tmpfs", disk)
        defer { try? run("/bin/umount", "-l", disk) }
        let place = try SQLitePlace(in: disk)
        let bench = try StoreBench(place)
        try bench.enrol(bench.alice)
        let filler = "\(disk)/filler"
        fill(filler)

        // Until the log has no room left, codes are spent; from then on none is, and nothing is half done.
        var spent: Int64 = 0
        var failure: StoreFailure?
        while failure == nil, spent < 1000 {
            do throws(StoreFailure) {
                let outcomes = try bench.store.commit([bench.attempt(.typed("right \(spent + 1)"), by: bench.alice)])
                #expect(outcomes == [.accepted(bench.alice)])
                spent += 1
            } catch {
                failure = error
            }
        }
        #expect(failure.flatMap(words)?.contains("is full") == true)
        #expect(try bench.state(of: bench.alice) == spent)
        delete(filler)
        #expect(try bench.answer("right \(spent)", by: bench.alice) == .rejected(.replayed))
        #expect(try bench.answer("right \(spent + 1)", by: bench.alice) == .accepted(bench.alice))
        place.close()
    }

    @Test(.enabled(if: FaultTests.hasPrivateMounts, "needs a mount namespace of its own (unshare -m)"))
    func `spends nothing on a disk that has become read-only`() throws {
        let folder = try TemporaryFolder("/run")
        let disk = "\(folder.path)/disk"
        try makeDirectory(disk)
        try run("/bin/mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", disk)
        defer { try? run("/bin/umount", "-l", disk) }
        let place = try SQLitePlace(in: disk)
        let bench = try StoreBench(place)
        try bench.enrol(bench.alice)
        place.close()
        try run("/bin/mount", "-o", "remount,ro", disk)
        #expect { try bench.restart() } throws: { words(of: $0) != nil }
        try run("/bin/mount", "-o", "remount,rw", disk)
        try bench.restart()
        #expect(try bench.answer("right 1", by: bench.alice) == .accepted(bench.alice))
        place.close()
    }

    /// Writes until nothing more goes in.
    private func fill(_ path: String) {
        let descriptor = unsafe posix_create_private(path)
        defer { _ = close(descriptor) }
        let chunk = [UInt8](repeating: 1, count: 4096)
        while unsafe chunk.withUnsafeBytes({ unsafe write(descriptor, $0.baseAddress, $0.count) }) > 0 {}
    }

    private func run(_ program: String, _ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(program) \(arguments)")
    }
}
