package import Authentication

/// Keeps a copy of a server's tables fresh, over a connection of its own.
package final class OfflineRefresher: @unchecked Sendable {
    // Sendable although it has a state: one thread at a time asks it for one thing.
    private let copy: OfflineCopy
    private let place: PostgreSQLPlace
    private var side: ServerCopySide?

    package init(of place: PostgreSQLPlace, into copy: OfflineCopy) {
        self.place = place
        self.copy = copy
    }

    /// How many rows, or names, are asked for at once.
    private static let page = 500

    /// Takes over what has changed since the last time; everything, the first time and where that cannot be told. `now` is
    /// asked before anything is read: at that moment the copy had all there was. Returns false where the copy takes nothing now, or
    /// is needed or taken away meanwhile; `isWanted` says whether anybody still asks for one where there is none.
    package func refresh(
        _ clock: () -> Moment, isWanted: () -> Bool = { true }
    ) throws(StoreFailure) -> Bool {
        guard let fill = try copy.beginFill(isWanted) else { return false }
        do throws(StoreFailure) {
            let side = try connected()
            let now = clock()
            let head = try head(of: side)
            let known = try fill.knowledge()
            if let known, known.origin == head.origin, known.watermark <= head.watermark {
                try takeChanges(since: known.watermark, from: side, to: fill)
            } else {
                try takeEverything(from: side, to: fill)
            }
            try fill.note(
                CopyKnowledge(
                    origin: head.origin, watermark: head.watermark,
                    freshness: CopyFreshness(freshAt: now, seenAt: now.wall)))
            return true
        } catch {
            // A store that was given up is not stood in for either, should its server go as well.
            if let mark = try? side?.mark(), mark.refusal(of: place.description) != nil { try? fill.forgetFreshness() }
            side = nil
            guard fill.isCurrent else { return false }
            throw error
        }
    }

    private func connected() throws(StoreFailure) -> ServerCopySide {
        if let side { return side }
        let made = try ServerCopySide(at: place)
        side = made
        return made
    }

    /// Which database it is, and up to where all of its transactions are over. Numbers of transactions are those of one life of one
    /// cluster: after a restoration or a failover they may count something else.
    private func head(of side: ServerCopySide) throws(StoreFailure) -> (origin: String, watermark: Int64) {
        try side.perform { (deadline) throws(ServerFault) in
            let rows = try side.connection.run(
                [
                    ServerMigration.version, StoreOrigin.question(),
                ], by: deadline)
            guard rows.count == 2 else { throw .lost("too little was returned") }
            let oldest = try rows[0].integer(0, 1)
            try ServerMigration.checkMark(oldest, on: side.connection, at: place)
            guard oldest <= ServerSchema.current.version else {
                throw .store(
                    .newer(found: Int(clamping: try rows[0].integer(0, 0)), known: Int(ServerSchema.current.version)))
            }
            let origin = StoreOrigin(place: place.description, life: try rows[1].text(0, 0))
            return (origin.text, try rows[1].integer(0, 1))
        }
    }

    private func takeEverything(from side: ServerCopySide, to fill: OfflineFill) throws(StoreFailure) {
        try fill.forgetFreshness()
        var pass = CopyPass(OfflineCopy.tables)
        let rows = ServerRowsOnly(side)
        while !pass.isOver {
            try pass.proceed(from: rows, to: fill, atMost: OfflineRefresher.page, nil, opensAll: false)
        }
    }

    private func takeChanges(
        since watermark: Int64, from side: ServerCopySide, to fill: OfflineFill
    ) throws(StoreFailure) {
        var after = ""
        for kind in ["account", "user"] {
            after = ""
            while true {
                let names = try changed(kind, since: watermark, after: after, on: side)
                guard let last = names.last else { break }
                try take(names, of: kind, from: side, to: fill)
                after = last
            }
        }
    }

    private func changed(
        _ kind: String, since watermark: Int64, after name: String, on side: ServerCopySide
    ) throws(StoreFailure) -> [String] {
        try side.perform { (deadline) throws(ServerFault) in
            let rows = try side.connection.run(
                ServerQuery(
                    """
                    SELECT name FROM twostep.change WHERE transaction >= $1 AND kind = $2 AND name > $3
                    ORDER BY name LIMIT $4::bigint
                    """, [.integer(watermark), .text(kind), .text(name), .integer(Int64(OfflineRefresher.page))]),
                by: deadline)
            var names: [String] = []
            for row in 0..<rows.count { names.append(try rows.text(row, 0)) }
            return names
        }
    }

    /// All rows of these names, as they are now.
    private func take(
        _ names: [String], of kind: String, from side: ServerCopySide, to fill: OfflineFill
    ) throws(StoreFailure) {
        for table in OfflineCopy.tables where (table.name == "user") == (kind == "user") {
            let column = kind == "user" ? "username" : "account"
            let found = try side.rows(of: table, where: column, isOneOf: names)
            var there: [[CopiedValue]: CopiedRow] = [:]
            for row in try fill.rows(of: table, where: column, isOneOf: names) { there[row.key(of: table)] = row }
            var differing: [CopiedRow] = []
            for row in found where there.removeValue(forKey: row.key(of: table)) != row { differing.append(row) }
            guard !differing.isEmpty || !there.isEmpty else { continue }
            try fill.change(table, removing: Array(there.keys), putting: differing)
        }
    }
}

/// A server's rows, for a walk that changes nothing there.
private final class ServerRowsOnly: CopySide {
    private let side: ServerCopySide

    init(_ side: ServerCopySide) { self.side = side }

    var description: String { side.place.description }

    func mark() throws(StoreFailure) -> StoreMark? { nil }

    func rows(
        of table: CopiedTable, after key: [CopiedValue]?, upTo last: [CopiedValue]?, atMost limit: Int
    ) throws(StoreFailure) -> [CopiedRow] {
        try side.rows(of: table, called: table.serverName, after: key, upTo: last, atMost: limit)
    }
}
