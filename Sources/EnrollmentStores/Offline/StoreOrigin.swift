internal import Authentication

/// Which database a copy is of, and which of that one's lives.
struct StoreOrigin: Equatable {
    /// Where it is, as the configuration has it.
    let place: String
    /// What it says of itself, with slashes between.
    let life: String

    /// A text of both, as `text` has it.
    init?(_ text: String) {
        guard let end = text.lastIndex(of: "\n") else { return nil }
        self.init(place: String(text[..<end]), life: String(text[text.index(after: end)...]))
    }

    init(place: String, life: String) {
        self.place = place
        self.life = life
    }

    var text: String { "\(place)\n\(life)" }

    /// The cluster's system identifier and timeline, its tables, its database, and when its tables were made first, in
    /// microseconds. With `isOfCluster` false the first two stay empty: not every engine and administrator lets them be asked. Those of
    /// a store that was given up have another name: it says nothing of them.
    static func question(isOfCluster: Bool = true) -> ServerQuery {
        let cluster =
            isOfCluster
            ? "(SELECT system_identifier FROM pg_catalog.pg_control_system()), \(ServerLineage.timeline)" : "'', ''"
        return ServerQuery(
            """
            SELECT pg_catalog.concat_ws('/', \(cluster),
                coalesce(pg_catalog.to_regclass('twostep.device')::oid::bigint::text, ''),
                (SELECT oid::bigint FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()),
                (SELECT (extract(epoch FROM min(made_at)) * 1000000)::bigint FROM twostep.version)),
                pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text::bigint
            """)
    }

    /// Whether it is the same database, whatever became of it: after a failover it is another timeline of the same cluster, after
    /// pg_upgrade another cluster with the same tables, and after a restoration another database with them, here or there, which the
    /// configuration names as before. Tables that were dropped and made anew are another store.
    func isSame(as other: StoreOrigin) -> Bool {
        let (own, others) = (parts, other.parts)
        guard own.born == others.born || own.born.isEmpty || others.born.isEmpty else { return false }
        // One of the two may be a text of before the database was asked for.
        let isDatabase = own.database == others.database || own.database.isEmpty || others.database.isEmpty
        if !own.system.isEmpty, own.system == others.system, isDatabase { return true }
        return place == other.place && !own.born.isEmpty && own.born == others.born
    }

    private var parts: (system: String, database: String, born: String) {
        let parts = life.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        func part(_ index: Int) -> String { parts.indices.contains(index) ? parts[index] : "" }
        return (part(0), part(3), part(4))
    }
}

extension StoreOrigin {
    /// The origin of the database at the other end of that connection.
    static func ask(
        _ connection: ServerConnection, at place: PostgreSQLPlace, by deadline: Int64
    ) throws(ServerFault) -> StoreOrigin {
        let rows: ServerRows
        do throws(ServerFault) {
            rows = try connection.run(question(), by: deadline)
        } catch {
            guard case .refused(let state, _) = error, ["42883", "42501", "0A000"].contains(state) else { throw error }
            rows = try connection.run(question(isOfCluster: false), by: deadline)
        }
        return StoreOrigin(place: place.description, life: try rows.text(0, 0))
    }
}

/// Whose place a store has taken, and whose those had: what was spent with a copy of one of them while it was away is the store's to hear.
extension StoreOrigin {
    static func ancestors(
        on connection: ServerConnection, by deadline: Int64
    ) throws(ServerFault) -> [StoreOrigin] {
        let rows = try connection.run(ServerQuery("SELECT place, life FROM twostep.ancestor"), by: deadline)
        var found: [StoreOrigin] = []
        for row in 0..<rows.count {
            found.append(StoreOrigin(place: try rows.text(row, 0), life: try rows.text(row, 1)))
        }
        return found
    }

    static func put(
        _ ancestors: [StoreOrigin], on connection: ServerConnection, by deadline: Int64
    ) throws(ServerFault) {
        let put = "INSERT INTO twostep.ancestor (place, life) VALUES ($1, $2) ON CONFLICT DO NOTHING"
        _ = try connection.run(
            ancestors.map { ServerQuery(put, [.text($0.place), .text($0.life)]) }, by: deadline)
    }
}

extension ServerSchema {
    /// Whose place the store has taken.
    static let ancestry = Step(
        """
        CREATE TABLE twostep.ancestor (
            place text COLLATE "C" NOT NULL,
            life text COLLATE "C" NOT NULL,
            PRIMARY KEY (place, life)
        );
        """, oldest: 1)
}

extension PostgreSQLStore {
    /// Whether it is the database with that origin, or has taken its place.
    func isHeir(of origin: StoreOrigin) throws(StoreFailure) -> Bool {
        try read { (deadline) throws(ServerFault) in
            guard try !StoreOrigin.ask(connection, at: place, by: deadline).isSame(as: origin) else { return true }
            return try StoreOrigin.ancestors(on: connection, by: deadline).contains { $0.isSame(as: origin) }
        }
    }
}
