internal import Authentication

/// A database that several daemons may share, on its way to a file of one machine.
final class ServerSource: CopySource {
    private let side: ServerCopySide

    init(at place: PostgreSQLPlace) throws(StoreFailure) { side = try ServerCopySide(at: place) }

    var description: String { side.place.description }

    func mark() throws(StoreFailure) -> StoreMark? { try side.mark() }

    func rows(
        of table: CopiedTable, after key: [CopiedValue]?, upTo last: [CopiedValue]?, atMost limit: Int
    ) throws(StoreFailure) -> [CopiedRow] {
        try side.rows(of: table, called: table.serverName, after: key, upTo: last, atMost: limit)
    }

    func ancestry() throws(StoreFailure) -> [StoreOrigin] {
        try side.perform { (deadline) throws(ServerFault) in
            let own = try StoreOrigin.ask(side.connection, at: side.place, by: deadline)
            return [own] + (try StoreOrigin.ancestors(on: side.connection, by: deadline))
        }
    }

    func announce(_ mark: StoreMark) throws(StoreFailure) {
        try side.hold(1_417_097_813, against: "another copy of it is under way")
        try side.transact { (deadline) throws(ServerFault) in
            try check(mark, by: deadline)
            try side.put(mark, by: deadline)
        }
    }

    /// What the store says; nobody else says anything until the transaction is over.
    private func found(by deadline: Int64) throws(ServerFault) -> StoreMark? {
        _ = try side.connection.run(
            ServerQuery("LOCK TABLE twostep.mark IN SHARE ROW EXCLUSIVE MODE"), by: deadline)
        return try ServerCopySide.mark(on: side.connection, by: deadline)
    }

    /// Throws unless the mark may follow what the store says.
    private func check(_ mark: StoreMark, by deadline: Int64) throws(ServerFault) {
        let found = try found(by: deadline)
        try ServerFault.passing { () throws(StoreFailure) in try mark.check(after: found, at: description) }
    }

    /// Of several servers that are named one may be an old primary that has come back, or a local copy may judge meanwhile.
    func check(against held: (any EnrollmentStore)?) throws(StoreFailure) {
        guard let held = held as? PostgreSQLStore, held.place.description == description else {
            throw .unreachable("\(description) is not the store that logins are judged by at this moment")
        }
        try side.perform { (deadline) throws(ServerFault) in
            guard
                try ServerLineage.identity(of: side.connection) == ServerLineage.identity(of: held.connection)
            else {
                throw .store(
                    .unreachable(
                        "\(description): the copy was made from another server than the one that logins are judged by"))
            }
        }
    }

    /// A commit that waits for its standbys waits for all that was committed before it.
    func confirm(_ mark: StoreMark) throws(StoreFailure) {
        try side.transact { (deadline) throws(ServerFault) in
            let found = try found(by: deadline)
            try ServerFault.passing { () throws(StoreFailure) in try mark.check(still: found, at: description) }
            try side.put(mark, by: deadline)
        }
    }

    /// All other daemons wait meanwhile, and find no store when that has ended.
    func giveUp(_ mark: StoreMark, once body: () throws(StoreFailure) -> Void) throws(StoreFailure) {
        try side.perform { (deadline) throws(ServerFault) in
            do throws(ServerFault) {
                _ = try side.connection.run(.begin, by: deadline)
                try side.lockTables(by: deadline)
                try check(mark, by: deadline)
                try ServerFault.passing(body)
                let end = ServerClock.now + ServerClock.limit
                try side.withdraw(calling: "moved", by: end)
                try side.put(mark, by: end)
                try side.commit()
            } catch {
                side.connection.rollBack()
                throw error
            }
        }
    }
}
