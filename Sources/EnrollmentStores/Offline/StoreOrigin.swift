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
    /// microseconds. With `isOfCluster` false the first two stay empty: not every engine and administrator lets them be asked.
    static func question(isOfCluster: Bool = true) -> ServerQuery {
        let cluster =
            isOfCluster
            ? "(SELECT system_identifier FROM pg_catalog.pg_control_system()), \(ServerLineage.timeline)" : "'', ''"
        return ServerQuery(
            """
            SELECT pg_catalog.concat_ws('/', \(cluster), 'twostep.device'::regclass::oid::bigint,
                (SELECT oid::bigint FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()),
                (SELECT (extract(epoch FROM min(made_at)) * 1000000)::bigint FROM twostep.version)),
                pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text::bigint
            """)
    }

    /// Whether it is the same database, whatever became of it: after a failover it is another timeline of the same cluster, after
    /// pg_upgrade another cluster with the same tables, and after a restoration another database with them, here or there, which the
    /// configuration names as before.
    func isSame(as other: StoreOrigin) -> Bool {
        let (own, others) = (parts, other.parts)
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

extension PostgreSQLStore {
    /// Whether it is the database with that origin, or has taken its place: by the copy with that id, where one is known, and otherwise by
    /// one that came from there by its words.
    func isHeir(of origin: StoreOrigin, by copy: String?) throws(StoreFailure) -> Bool {
        try read { (deadline) throws(ServerFault) in
            guard try !self.origin(by: deadline).isSame(as: origin) else { return true }
            guard let mark = try ServerCopySide.mark(on: connection, by: deadline), mark.state == .arrived else {
                return false
            }
            return copy.map { mark.copy == $0 } ?? (mark.other == origin.place)
        }
    }

    private func origin(by deadline: Int64) throws(ServerFault) -> StoreOrigin {
        let rows: ServerRows
        do throws(ServerFault) {
            rows = try connection.run(StoreOrigin.question(), by: deadline)
        } catch {
            guard case .refused(let state, _) = error, ["42883", "42501", "0A000"].contains(state) else { throw error }
            rows = try connection.run(StoreOrigin.question(isOfCluster: false), by: deadline)
        }
        return StoreOrigin(place: place.description, life: try rows.text(0, 0))
    }
}
