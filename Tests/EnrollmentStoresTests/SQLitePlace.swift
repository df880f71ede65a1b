import Authentication
import AuthenticationTesting
import CPOSIX
import EnrollmentStores
import Foundation
import Synchronization

/// A folder of its own that goes when the test does.
final class TemporaryFolder {
    let path: String

    init(_ parent: String = NSTemporaryDirectory()) throws {
        path = "\(parent)/twostep-tests-\(getpid())-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// What a store reports, for tests to look at.
final class Reports: Sendable {
    private let failures = Mutex<[StoreFailure]>([])

    var all: [StoreFailure] { failures.withLock { $0 } }

    func add(_ failure: StoreFailure) { failures.withLock { $0.append(failure) } }
}

/// A state directory with a store, sealed with a key of its own.
final class SQLitePlace: StorePlace {
    let folder: TemporaryFolder
    let keys: KeyRing
    var sealing: any SecretSealing { keys }
    let reports = Reports()
    private(set) var current: SQLiteStore?

    var file: String { "\(folder.path)/twostep.sqlite" }

    init(in parent: String = NSTemporaryDirectory()) throws {
        folder = try TemporaryFolder(parent)
        keys = KeyRing(try Sealer(SealingKey.generate("\(folder.path)/twostep.key")))
        try SQLiteStore.create(in: folder.path)
    }

    deinit { current?.close() }

    func open() throws -> any EnrollmentStore { try openSQLite() }

    func openSQLite() throws -> SQLiteStore {
        close()
        let reports = reports
        let store = try SQLiteStore.open(in: folder.path, sealing: sealing) { reports.add($0) }
        current = store
        return store
    }

    func rotateKey() throws {
        let file = "\(folder.path)/twostep.key.\(keys.former.count + 1)"
        keys.rotate(to: try Sealer(SealingKey.generate(file)))
    }

    /// The daemon stops.
    func close() {
        current?.close()
        current = nil
    }
}
