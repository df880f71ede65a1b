internal import Authentication
internal import GRDB

/// What is taken over from the server, row by row.
extension OfflineCopy: CopyWriter {
    package var description: String { StateDirectory(path: directory).database }

    func mark() throws(StoreFailure) -> StoreMark? { nil }

    func rows(
        of table: CopiedTable, after key: [CopiedValue]?, upTo last: [CopiedValue]?, atMost limit: Int
    ) throws(StoreFailure) -> [CopiedRow] {
        try locked { () throws(StoreFailure) in
            let store = try presentOrNew()
            return try SQLiteCopySide.rows(
                of: table, after: key, upTo: last, atMost: limit, in: store.queue, description)
        }
    }

    /// The rows of a table whose column is one of these names.
    func rows(of table: CopiedTable, where column: String, isOneOf names: [String]) throws(StoreFailure) -> [CopiedRow]
    {
        try locked { () throws(StoreFailure) in
            let store = try presentOrNew()
            return try SQLiteCopySide.rows(of: table, where: column, isOneOf: names, in: store.queue, description)
        }
    }

    func change(_ table: CopiedTable, removing keys: [[CopiedValue]], putting rows: [CopiedRow]) throws(StoreFailure) {
        try locked { () throws(StoreFailure) in
            guard !state.isStandingIn else { throw .unreachable("the local copy stands in for the server") }
            let store = try presentOrNew()
            // What an older look at the server says must not undo what was spent since.
            guard try OfflinePending.count(in: store) == 0 else {
                throw .unreachable("the local copy has something that the server has not")
            }
            try SQLiteCopySide.change(table, removing: keys, putting: rows, in: store.queue, description)
        }
    }
}
