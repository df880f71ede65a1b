import Authentication
import AuthenticationTesting
import EnrollmentStores
import Foundation

/// A database with a store, sealed with a key of its own.
final class ServerPlace: StorePlace {
    let server: PostgreSQLServer
    let database: String
    let keys: KeyRing
    private let folder: TemporaryFolder
    var sealing: any SecretSealing { keys }
    let reports = Reports()

    init(isEmpty: Bool = false, schema: ServerSchema = .current) throws {
        server = try PostgreSQLServer.shared.get()
        database = try server.makeDatabase()
        folder = try TemporaryFolder()
        keys = KeyRing(try Sealer(SealingKey.generate("\(folder.path)/twostep.key")))
        if !isEmpty { _ = try PostgreSQLStore.create(address(), schema: schema) }
    }

    /// How the database is reached, by the server's owner unless somebody else is named; `folder` is the server's in other words.
    func address(
        in folder: String? = nil, as user: String = "owner", passwordFile: String? = nil, lineage: ServerLineage? = nil
    ) -> PostgreSQLPlace {
        PostgreSQLPlace(
            [
                PostgreSQLPlace.Parameter("host", folder ?? server.folder),
                PostgreSQLPlace.Parameter("dbname", database),
                PostgreSQLPlace.Parameter("user", user),
            ], passwordFile: passwordFile, lineage: lineage)
    }

    func open() throws -> any EnrollmentStore { try openStore() }

    /// One more daemon: those that were opened before stay open.
    func openStore(
        schema: ServerSchema = .current, announcing daemon: SharingDaemon? = nil, lineage: ServerLineage? = nil
    ) throws -> PostgreSQLStore {
        let reports = reports
        return try PostgreSQLStore.open(
            address(lineage: lineage), sealing: sealing, announcing: daemon, schema: schema
        ) { reports.add($0) }
    }

    func rotateKey() throws {
        let file = "\(folder.path)/twostep.key.\(keys.former.count + 1)"
        keys.rotate(to: try Sealer(SealingKey.generate(file)))
    }

    /// Writes a file of its own, with a mode.
    func write(_ text: String, mode: Int) throws -> String {
        let path = "\(folder.path)/\(UUID().uuidString)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
    }

    /// Puts another database with all that it has in its place, as a restoration does. Whoever was connected is not any more.
    func restore() throws {
        try putAway()
        try server.run("CREATE DATABASE \(database) TEMPLATE \(database)_before")
    }

    /// Puts another database with a store of its own in its place. Whoever was connected is not any more.
    func replace() throws {
        try putAway()
        try server.run("CREATE DATABASE \(database)")
        _ = try PostgreSQLStore.create(address())
    }

    private func putAway() throws {
        try server.run("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '\(database)'")
        try server.run("ALTER DATABASE \(database) RENAME TO \(database)_before")
    }

    /// Copies the store, which the one who does so may call otherwise, to another place, and gives up the one that logins are judged by.
    func move(from place: PostgreSQLPlace? = nil, to end: CopyEnd, holding store: any EnrollmentStore) throws {
        let moving = try StoreCopy(from: .postgresql(place ?? address()), to: end, sealing: sealing, at: 1)
        for _ in 0..<100 where !moving.progress.isCurrent { _ = try moving.proceed() }
        _ = try moving.finish(holding: store, at: 1)
    }

    /// Runs SQL in the database, behind the store's back.
    func run(_ sql: String) throws { try server.run(sql, in: database) }
}
