import EnrollmentStores
import GRDB
import Testing

@Suite("A copy takes along whatever a store has")
struct CopiedTableTests {
    @Test func `each table and each column of SQLite is copied, or left behind by name`() throws {
        let place = try SQLitePlace()
        try DatabaseQueue(path: place.file).inDatabase { database throws in
            let tables = try String.fetchAll(
                database,
                sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
            #expect(Set(tables) == Set(CopiedTable.all.map(\.name)).union(CopiedTable.leftInSQLite))
            for table in CopiedTable.all {
                let columns = try Row.fetchAll(database, sql: "PRAGMA table_info(\(table.name))")
                let found = columns.map { "\($0["name"] as String) \($0["type"] as String)" }.sorted()
                #expect(found == table.columns.map { "\($0.name) \(CopiedTableTests.word(for: $0.kind))" }.sorted())
                let places = columns.map { (place: $0["pk"] as Int, name: $0["name"] as String) }
                let key = places.filter { $0.place > 0 }.sorted { $0.place < $1.place }.map(\.name)
                #expect(key == table.columns.prefix(table.keyCount).map(\.name), "\(table.name)")
            }
        }
    }

    private static func word(for kind: CopiedTable.Kind) -> String {
        switch kind {
        case .text: "TEXT"
        case .integer: "INTEGER"
        case .bytes: "BLOB"
        }
    }

    @Test func `each table and each column of a server is copied, or left behind by name`() throws {
        let place = try ServerPlace()
        let left = CopiedTable.leftOnServer.map { "'\($0)'" }.joined(separator: ", ")
        let expected = CopiedTable.all.flatMap { table in
            table.columns.map { column in
                let type =
                    switch column.kind {
                    case .text: "text"
                    case .integer: "bigint"
                    case .bytes: "bytea"
                    }
                return "\(table.serverName).\(column.name) \(type)"
            }
        }.sorted()
        let list = expected.joined(separator: ",")
        // psql prints an ERROR where it is not so, and the place throws.
        try place.run(
            """
            DO $$ DECLARE found text := (
                SELECT string_agg(words, ',' ORDER BY words COLLATE "C") FROM (
                    SELECT table_name || '.' || column_name || ' ' || data_type AS words
                    FROM information_schema.columns
                    WHERE table_schema = 'twostep' AND table_name NOT IN (\(left))) AS columns);
            BEGIN ASSERT found = '\(list)', found; END $$
            """)
        for name in CopiedTable.leftOnServer { try place.run("SELECT 1 FROM twostep.\(name)") }
    }
}
