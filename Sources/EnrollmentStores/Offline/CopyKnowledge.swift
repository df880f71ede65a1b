internal import Authentication
internal import GRDB

/// What a copy of a server's tables knows of itself.
struct CopyKnowledge: Equatable {
    /// The `StoreOrigin` that it is of: numbers of transactions are its own.
    let origin: String
    /// All of the server's transactions before this one are in the copy.
    let watermark: Int64
    let freshness: CopyFreshness

    /// Whether it is the copy of the database that is at this place.
    func isOf(_ place: PostgreSQLPlace) -> Bool { StoreOrigin(origin)?.place == place.description }

    /// Nothing is known of how fresh the copy is until it is whole again.
    static func forget(in store: SQLiteStore) throws(StoreFailure) {
        try store.write { try $0.execute(sql: "DELETE FROM freshness") }
    }

    static func read(from store: SQLiteStore) throws(StoreFailure) -> CopyKnowledge? {
        try store.write { database in
            let row = try PreparedStatement(
                "SELECT origin, watermark, wall, boottime, boot, seen FROM freshness", on: Connection(database))
            guard try row.step() else { return nil }
            let freshAt = Moment(wall: try row.integer(2), boottime: try row.integer(3), boot: try row.integer(4))
            return CopyKnowledge(
                origin: try row.text(0), watermark: try row.integer(1),
                freshness: CopyFreshness(freshAt: freshAt, seenAt: try row.integer(5)))
        }
    }

    /// What the server has just confirmed counts in place of all that was seen before: a clock that was wrong once is put right with it.
    func write(to store: SQLiteStore) throws(StoreFailure) {
        try store.write { database in
            let put = try PreparedStatement(
                """
                INSERT INTO freshness VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET
                origin = ?1, watermark = ?2, wall = ?3, boottime = ?4, boot = ?5, seen = ?6
                """, on: Connection(database))
            try put.bind(origin, at: 1)
            try put.bind(watermark, at: 2)
            try put.bind(freshness.freshAt.wall, at: 3)
            try put.bind(freshness.freshAt.boottime, at: 4)
            try put.bind(freshness.freshAt.boot, at: 5)
            try put.bind(freshness.seenAt, at: 6)
            try put.run()
        }
    }
}
