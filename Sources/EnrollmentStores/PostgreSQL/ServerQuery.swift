/// One statement with its values.
struct ServerQuery {
    /// A statement that every connection has prepared, by its name; nil for one that is sent as text.
    let name: String?
    let sql: String
    let values: [ServerValue]

    init(_ sql: String, _ values: [ServerValue] = []) {
        name = nil
        self.sql = sql
        self.values = values
    }

    init(_ statement: ServerStatement, _ values: [ServerValue]) {
        name = statement.name
        sql = statement.sql
        self.values = values
    }

    static let begin = ServerQuery("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
    static let commit = ServerQuery("COMMIT")
    static let rollback = ServerQuery("ROLLBACK")
}

/// A statement that is prepared once for each connection.
struct ServerStatement: Sendable {
    let name: String
    let sql: String

    init(_ name: String, _ sql: String) {
        self.name = name
        self.sql = sql
    }
}
