internal import Authentication

/// Makes the tables, or brings them up to date: one daemon at a time, and the others go on meanwhile.
struct ServerMigration {
    private let connection: ServerConnection
    private let schema: ServerSchema
    private let place: PostgreSQLPlace

    init(of connection: ServerConnection, to schema: ServerSchema, at place: PostgreSQLPlace) {
        self.connection = connection
        self.schema = schema
        self.place = place
    }

    /// `Tw2S`: what this Twostep's advisory lock is called.
    private static let lock = ServerQuery("SELECT pg_advisory_xact_lock(1417097811)")
    private static let exists = ServerQuery(
        "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = 'twostep'")
    static let version = ServerQuery("SELECT max(version), max(oldest) FROM twostep.version")
    /// A step may take as long as a large table needs.
    private static let limit: Int64 = 600_000

    /// Makes them where there are none; returns whether it did.
    func create() throws(ServerFault) -> Bool {
        try alone { () throws(ServerFault) in
            guard try connection.run(ServerMigration.exists, by: soon).integer(0, 0) == 0 else { return false }
            try apply(from: 0)
            return true
        }
    }

    /// Brings older tables up to date; throws where there are none, and where they are newer than can be used.
    func bringUpToDate() throws(ServerFault) {
        guard try connection.run(ServerMigration.exists, by: soon).integer(0, 0) > 0 else {
            throw .store(.unreachable("\(place.description): there is no store; `twostep init` makes one"))
        }
        guard try presentVersion() < schema.version else { return }
        try alone { () throws(ServerFault) in
            let version = try presentVersion()
            if version < schema.version { try apply(from: version) }
        }
    }

    private var soon: Int64 { ServerClock.now + ServerClock.limit }

    private func presentVersion() throws(ServerFault) -> Int64 {
        let rows = try connection.run(ServerMigration.version, by: soon)
        let (version, oldest) = (try rows.integer(0, 0), try rows.integer(0, 1))
        try ServerMigration.checkMark(oldest, on: connection, at: place)
        guard oldest <= schema.version else {
            throw .store(.newer(found: Int(clamping: version), known: Int(schema.version)))
        }
        return version
    }

    /// Throws what a store says that must not be used, because it was moved or is an unfinished copy.
    static func checkMark(
        _ oldest: Int64, on connection: ServerConnection, at place: PostgreSQLPlace
    ) throws(ServerFault) {
        guard oldest >= ServerCopySide.withdrawn else { return }
        let mark = try ServerCopySide.mark(on: connection, by: ServerClock.now + ServerClock.limit)
        if let failure = mark?.refusal(of: place.description) { throw .store(failure) }
    }

    private func apply(from version: Int64) throws(ServerFault) {
        let end = ServerClock.now + ServerMigration.limit
        for (number, step) in zip(Int64(1)..., schema.steps) where number > version {
            try connection.run(script: step.sql, by: end)
            _ = try connection.run(
                ServerQuery(
                    "INSERT INTO twostep.version (version, oldest) VALUES ($1, $2)",
                    [.integer(number), .integer(step.oldest)]), by: end)
        }
    }

    private func alone<Value>(_ body: () throws(ServerFault) -> Value) throws(ServerFault) -> Value {
        let end = ServerClock.now + ServerMigration.limit
        do throws(ServerFault) {
            _ = try connection.run(
                [
                    .begin, ServerQuery("SET LOCAL statement_timeout = 0"), ServerQuery("SET LOCAL lock_timeout = 0"),
                    ServerMigration.lock,
                ], by: end)
            let value = try body()
            _ = try connection.run(.commit, by: end)
            return value
        } catch {
            connection.rollBack()
            throw error
        }
    }
}
