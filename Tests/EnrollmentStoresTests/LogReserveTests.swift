import Authentication
import AuthenticationTesting
import EnrollmentStores
import Foundation
import Testing

/// Room for the write-ahead log that is made before it is needed.
@Suite struct LogReserveTests {
    private func size(_ path: String) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    }

    @Test func `a store that is opened for logins has its log's room already, and keeps what is spent`() throws {
        let place = try SQLitePlace()
        let bench = try StoreBench(place)
        try bench.enrol(bench.alice)
        place.close()
        let store = try SQLiteStore.open(in: place.folder.path, sealing: place.sealing, isForLogins: true)
        let log = place.file + "-wal"
        let reserved = try size(log)
        #expect(reserved > 4_000_000)
        #expect(
            try store.commit([bench.attempt(.typed("right 8"), by: bench.alice)]) == [.accepted(bench.alice)])
        #expect(try size(log) == reserved)
        // What a process that is killed leaves.
        let other = try SQLitePlace()
        try FileManager.default.removeItem(atPath: other.file)
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: place.file + suffix, toPath: other.file + suffix)
        }
        let reopened = try SQLiteStore.open(in: other.folder.path, sealing: place.sealing, isForLogins: true)
        #expect(
            try reopened.commit([bench.attempt(.typed("right 8"), by: bench.alice)]) == [.rejected(.replayed)])
        #expect(
            try reopened.commit([bench.attempt(.typed("right 9"), by: bench.alice)]) == [.accepted(bench.alice)])
        reopened.close()
        store.close()
        #expect(!FileManager.default.fileExists(atPath: log))
    }
}
