package import Authentication

/// The store of several machines: tables in a PostgreSQL database, which any number of daemons share.
///
/// A group of attempts is one transaction at READ COMMITTED that first takes the locks of its accounts and hosts (`Stripe`) in the
/// order of their ids, and reads after that. Whoever comes second waits and then sees what the first has written, and nobody is
/// sent back. At SERIALIZABLE somebody would be, often for nothing: predicate locks of small tables are on all of it.
package final class PostgreSQLStore: EnrollmentStore {
    /// The version of the tables that this Twostep makes and reads.
    package static let schema = Int(ServerSchema.current.version)
    /// The most remote hosts that are counted, give or take a thousand for each daemon.
    static let hostCapacity: Int64 = 65_536

    package let sealing: any SecretSealing
    let place: PostgreSQLPlace
    let connection: ServerConnection
    private let schema: ServerSchema
    /// Who hears of what is wrong with single records, and of what a failover could lose.
    let report: @Sendable (StoreFailure) -> Void
    var unknown = UnknownAccounts()
    /// What is opened for an account that has nothing.
    let standIn: StandIn?
    /// How many hosts were counted for the first time since room was last made.
    var newHosts = 0
    /// The notices of others that were heard.
    var heard: Set<Int64> = []
    /// When they were last asked for; 0 before.
    var heardAt: Int64 = 0
    /// As whom this daemon announces itself in the store; nil for one that does not.
    let announced: SharingDaemon?
    /// When it last did; 0 before.
    var announcedAt: Int64 = 0
    /// What was last reported that a failover could lose.
    var warnings: [String] = []

    /// Opens the store, and brings an older one up to date while no other daemon does.
    ///
    /// A database without tables is never given some on the way: an empty store in place of one that is lost would say of
    /// everybody "not enrolled". `report` is called on the writer's thread and must not wait. Nobody is connected to where
    /// `server` was reached before. `refused` is called where the store says that it is none, before that is thrown.
    package static func open(
        _ place: PostgreSQLPlace, over server: ReachedServer? = nil, sealing: any SecretSealing,
        announcing daemon: SharingDaemon? = nil, report: @escaping @Sendable (StoreFailure) -> Void = { _ in },
        refused: () -> Void = {}
    ) throws(StoreFailure) -> PostgreSQLStore {
        try open(
            place, over: server, sealing: sealing, announcing: daemon, schema: .current, report: report,
            refused: refused)
    }

    /// The same with other tables than the current ones: for tests of migrations.
    package static func open(
        _ place: PostgreSQLPlace, over reached: ReachedServer? = nil, sealing: any SecretSealing,
        announcing daemon: SharingDaemon? = nil, schema: ServerSchema,
        report: @escaping @Sendable (StoreFailure) -> Void = { _ in }, refused: () -> Void = {}
    ) throws(StoreFailure) -> PostgreSQLStore {
        let connection: ServerConnection
        if let reached { connection = reached.connection } else { connection = try ServerConnection.open(to: place) }
        let warnings: [String]
        do throws(ServerFault) {
            let server = try ServerPromises(of: connection)
            try server.check(place.description)
            warnings = server.warnings(ofServers: place.servers.count)
            try ServerMigration(of: connection, to: schema, at: place).bringUpToDate()
            try connection.prepare(ServerStatements.all, by: ServerClock.now + ServerClock.limit)
        } catch {
            if case .store = error,
                let mark = try? ServerCopySide.mark(on: connection, by: ServerClock.now + ServerClock.limit),
                mark.refusal(of: place.description) != nil
            {
                refused()
            }
            throw error.failure(of: place.description)
        }
        let store = PostgreSQLStore(place, connection, sealing, schema, announced: daemon, report)
        store.tell(warnings)
        try store.tryKey()
        return store
    }

    /// Makes the tables in an empty database (for `twostep init`); returns false, and changes nothing, where they are.
    package static func create(_ place: PostgreSQLPlace) throws(StoreFailure) -> Bool {
        try create(place, schema: .current)
    }

    /// The same with other tables than the current ones: for tests of migrations.
    package static func create(_ place: PostgreSQLPlace, schema: ServerSchema) throws(StoreFailure) -> Bool {
        let connection = try ServerConnection.open(to: place)
        do throws(ServerFault) {
            try ServerPromises(of: connection).check(place.description)
            return try ServerMigration(of: connection, to: schema, at: place).create()
        } catch {
            throw error.failure(of: place.description)
        }
    }

    /// Connects, from any thread, for a store that is opened later: the writer's need not wait for that.
    package static func reach(_ place: PostgreSQLPlace) throws(StoreFailure) -> ReachedServer {
        ReachedServer(connection: try ServerConnection.open(to: place))
    }

    private init(
        _ place: PostgreSQLPlace, _ connection: ServerConnection, _ sealing: any SecretSealing,
        _ schema: ServerSchema, announced: SharingDaemon?, _ report: @escaping @Sendable (StoreFailure) -> Void
    ) {
        self.place = place
        self.connection = connection
        self.sealing = sealing
        self.schema = schema
        self.announced = announced
        self.report = report
        standIn = StandIn(sealing)
        userDatabase = PostgreSQLUserDatabase(place, sealing: sealing)
    }

    package let userDatabase: any UserDatabase

    /// How often it has waited for its server, to say something and hear of it: for tests of what one that is far away costs.
    package var ways: Int { connection.ways }

    /// A wrong key shows in the first secret: nobody could be judged. A secret that is damaged is one account's trouble.
    private func tryKey() throws(StoreFailure) {
        let secrets = try read { (deadline) throws(ServerFault) in
            let listings = try connection.run(
                [
                    ServerQuery("SELECT \(ServerColumns.device) FROM twostep.device LIMIT 1"),
                    ServerQuery("SELECT \(ServerColumns.person) FROM twostep.person LIMIT 1"),
                ], by: deadline)
            guard listings.count == 2 else { throw .lost("too little was returned") }
            return (listings[0], listings[1])
        }
        do throws(StoreFailure) {
            let (devices, people) = secrets
            if devices.count > 0, let found = try? ServerColumns.listing(in: devices, 0) {
                _ = try sealing.open(found.device.sealed, at: found.key)
            }
            if people.count > 0, let found = try? ServerColumns.user(in: people, 0) {
                _ = try sealing.open(found.sealedHash, at: found.key)
            }
        } catch {
            if case .sealedWithAnotherKey = error { throw error }
            report(error)
        }
    }

    /// What is asked of the server, without a transaction.
    func read<Value>(_ body: (Int64) throws(ServerFault) -> Value) throws(StoreFailure) -> Value {
        do throws(ServerFault) {
            return try body(ServerClock.now + ServerClock.limit)
        } catch {
            throw error.failure(of: place.description)
        }
    }

    /// Throws if a newer Twostep has changed the tables in a way that this one cannot go along with.
    func checkVersion(_ rows: ServerRows) throws(ServerFault) {
        let oldest = try rows.integer(0, 1)
        try ServerMigration.checkMark(oldest, on: connection, at: place)
        guard oldest <= schema.version else {
            throw .store(.newer(found: Int(clamping: try rows.integer(0, 0)), known: Int(schema.version)))
        }
    }
}

/// A server that takes connections, with one that was made.
package struct ReachedServer: Sendable {
    let connection: ServerConnection
}
