internal import Authentication
internal import Cryptography

/// One walk through all tables of two stores, a page at a time.
struct CopyPass {
    private let tables: [CopiedTable]
    private var table = 0
    private var last: [CopiedValue]?
    private(set) var rows = 0
    /// How many rows had to be written or removed.
    private(set) var differences = 0
    private var digests: [Digests]

    init(_ tables: [CopiedTable] = CopiedTable.all) {
        self.tables = tables
        digests = [Digests](repeating: Digests(), count: tables.count)
    }

    /// What was seen of a table on either side.
    private struct Digests {
        var source = CopyDigest()
        var target = CopyDigest()
    }

    var isOver: Bool { table >= tables.count }

    /// The table that it has come to.
    var tableName: String { isOver ? "" : tables[table].name }

    /// Compares the next rows of both, and writes what differs. Every secret of them is opened, or only those that differ, or
    /// without `sealing` none.
    mutating func proceed(
        from source: any CopySide, to target: any CopyWriter, atMost limit: Int, _ sealing: (any SecretSealing)?,
        opensAll: Bool
    ) throws(StoreFailure) {
        guard !isOver else { return }
        let table = tables[table]
        let found = try source.rows(of: table, after: last, upTo: nil, atMost: limit)
        let isLast = found.count < limit
        let end = isLast ? nil : found.last?.key(of: table)
        var there: [[CopiedValue]: CopiedRow] = [:]
        var start = last
        // What the target has too much of may be more than a page.
        while true {
            let part = try target.rows(of: table, after: start, upTo: end, atMost: limit)
            for row in part {
                there[row.key(of: table)] = row
                try take(row, \.target)
            }
            guard part.count == limit, let key = part.last?.key(of: table) else { break }
            start = key
        }
        var changed: [CopiedRow] = []
        for row in found {
            try take(row, \.source)
            let present = there.removeValue(forKey: row.key(of: table))
            if present != row { changed.append(row) }
            guard let sealing, opensAll || present != row else { continue }
            try CopyPass.open(row, of: table, sealing)
            if let present, present == row { try CopyPass.open(present, of: table, sealing) }
        }
        let removed = Array(there.keys)
        if !changed.isEmpty || !removed.isEmpty { try target.change(table, removing: removed, putting: changed) }
        rows += found.count
        differences += changed.count + removed.count
        last = end
        if isLast { self.table += 1 }
    }

    private mutating func take(
        _ row: CopiedRow, _ side: WritableKeyPath<Digests, CopyDigest>
    ) throws(StoreFailure) {
        do throws(CryptographyFailure) {
            try digests[table][keyPath: side].add(row)
        } catch {
            throw .unreachable("rows cannot be compared: \(error)")
        }
    }

    private static func open(_ row: CopiedRow, of table: CopiedTable, _ sealing: any SecretSealing) throws(StoreFailure)
    {
        guard let secret = table.secret else { return }
        guard let (place, sealed) = secret(row) else {
            throw .damaged("a row of the table \(table.name) is of nobody: see twostep check --store")
        }
        _ = try sealing.open(sealed, at: place)
    }

    /// What there was of each table, if it was the same on both sides.
    func counts() throws(StoreFailure) -> [CopiedCount] {
        var counts: [CopiedCount] = []
        for (table, digest) in zip(tables, digests) {
            guard digest.source == digest.target else {
                throw .unreachable("the table \(table.name) is not the same on both sides")
            }
            counts.append(CopiedCount(table: table.name, rows: digest.source.count, digest: digest.source.text))
        }
        return counts
    }
}
