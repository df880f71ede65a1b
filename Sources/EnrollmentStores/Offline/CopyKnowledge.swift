internal import Authentication
internal import GRDB

/// What a copy of a server's tables knows of itself.
struct CopyKnowledge: Equatable {
    /// Which database it is of, and which of that one's lives: numbers of transactions are its own.
    let origin: String
    /// All of the server's transactions before this one are in the copy.
    let watermark: Int64
    let freshness: CopyFreshness

    /// Where the database is, as the configuration has it, and what it says of itself.
    static func origin(of place: PostgreSQLPlace, _ life: String) -> String { "\(place.description)\n\(life)" }

    /// Whether it is the copy of the database that is at this place.
    func isOf(_ place: PostgreSQLPlace) -> Bool { origin.hasPrefix(CopyKnowledge.origin(of: place, "")) }

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

    func write(to store: SQLiteStore) throws(StoreFailure) {
        try store.write { database in
            let put = try PreparedStatement(
                """
                INSERT INTO freshness VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET
                origin = ?1, watermark = ?2, wall = ?3, boottime = ?4, boot = ?5, seen = max(seen, ?6)
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
