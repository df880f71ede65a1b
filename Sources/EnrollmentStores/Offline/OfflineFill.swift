internal import Authentication

/// One walk that takes rows over from the server into a copy, and is worth nothing any more as soon as the copy is needed, taken away,
/// replaced, or opened anew.
final class OfflineFill {
    private let copy: OfflineCopy
    private let number: Int

    /// `number` is what `OfflineCopy.fills` was when it began.
    init(of copy: OfflineCopy, _ number: Int) {
        self.copy = copy
        self.number = number
    }

    /// Whether it may go on.
    var isCurrent: Bool { (try? perform { (_) throws(StoreFailure) in true }) ?? false }

    /// Runs something with the copy that it fills; never makes one.
    private func perform<Value>(_ body: (SQLiteStore) throws(StoreFailure) -> Value) throws(StoreFailure) -> Value {
        try copy.locked { () throws(StoreFailure) in
            copy.letGoOfReplaced()
            guard copy.fills == number, !copy.state.isStandingIn, let store = copy.state.store else {
                throw .unreachable("the local copy was needed, taken away or replaced while it was filled")
            }
            return try body(store)
        }
    }

    /// What the copy knows of itself; nil where it was never whole.
    func knowledge() throws(StoreFailure) -> CopyKnowledge? {
        try perform { (store) throws(StoreFailure) in try CopyKnowledge.read(from: store) }
    }

    /// Nothing is known of how fresh it is until it is whole again.
    func forgetFreshness() throws(StoreFailure) {
        try perform { (store) throws(StoreFailure) in try CopyKnowledge.forget(in: store) }
    }

    /// All of the server's transactions before the watermark are in the copy.
    func note(_ knowledge: CopyKnowledge) throws(StoreFailure) {
        try perform { (store) throws(StoreFailure) in
            try knowledge.write(to: store)
            copy.state.isOutdated = false
        }
    }

    /// The rows of a table whose column is one of these names.
    func rows(of table: CopiedTable, where column: String, isOneOf names: [String]) throws(StoreFailure) -> [CopiedRow]
    {
        try perform { (store) throws(StoreFailure) in
            try SQLiteCopySide.rows(of: table, where: column, isOneOf: names, in: store.queue, description)
        }
    }
}

/// What is taken over from the server, row by row.
extension OfflineFill: CopyWriter {
    var description: String { copy.description }

    func mark() throws(StoreFailure) -> StoreMark? { nil }

    func rows(
        of table: CopiedTable, after key: [CopiedValue]?, upTo last: [CopiedValue]?, atMost limit: Int
    ) throws(StoreFailure) -> [CopiedRow] {
        try perform { (store) throws(StoreFailure) in
            try SQLiteCopySide.rows(
                of: table, after: key, upTo: last, atMost: limit, in: store.queue, description)
        }
    }

    func change(_ table: CopiedTable, removing keys: [[CopiedValue]], putting rows: [CopiedRow]) throws(StoreFailure) {
        try perform { (store) throws(StoreFailure) in
            // What an older look at the server says must not undo what was spent since.
            guard try OfflinePending.count(in: store) == 0 else {
                throw .unreachable("the local copy has something that the server has not")
            }
            try SQLiteCopySide.change(table, removing: keys, putting: rows, in: store.queue, description)
        }
    }
}
