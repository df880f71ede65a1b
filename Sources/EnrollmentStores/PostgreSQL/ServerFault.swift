internal import Authentication

/// What went wrong with a PostgreSQL server, as the code that talks to it sees it.
enum ServerFault: Error, Equatable {
    /// Nothing can be said to it any more; what was under way may have happened or not.
    case lost(String)
    /// It has refused a statement: SQLSTATE, and its words, in which no value stands.
    case refused(state: String, words: String)
    /// A row holds what Twostep never writes.
    case nonsense(String)
    /// Something else than the server.
    case store(StoreFailure)

    /// Does something within a transaction that has nothing to do with the server.
    static func passing<Value>(_ body: () throws(StoreFailure) -> Value) throws(ServerFault) -> Value {
        do throws(StoreFailure) {
            return try body()
        } catch {
            throw .store(error)
        }
    }

    /// Whether the same transaction may do better the next time: serialization_failure, deadlock_detected.
    var isPassing: Bool {
        switch self {
        case .refused(let state, _): state == "40001" || state == "40P01"
        case .lost, .nonsense, .store: false
        }
    }

    /// Whether it is the server as a whole that failed: trying the attempts one by one would not help.
    var isEverybodys: Bool {
        switch self {
        case .lost: true
        case .nonsense, .store: false
        case .refused(let state, _):
            // Connections, a server that only reads, missing tables and rights, no room, time-outs, the machine.
            ["08", "25", "28", "3D", "42", "53", "55", "57", "58", "XX"].contains(String(state.prefix(2)))
        }
    }

    /// The same in words for the journal; `server` is which one.
    func failure(of server: String) -> StoreFailure {
        switch self {
        case .lost(let words): return .unreachable("\(server): \(words)")
        case .nonsense(let explanation): return .damaged(explanation)
        case .store(let failure): return failure
        case .refused(let state, let words):
            let told = "\(server): \(words) (\(state))"
            switch (state, String(state.prefix(2))) {
            case ("40001", _), ("40P01", _): return .notDurable("\(told); others were in the way again and again")
            // Whoever connects anew may come to a server that takes writes, or that is not shutting down.
            case ("25006", _), ("57P01", _), ("57P02", _), ("57P03", _), (_, "08"): return .unreachable(told)
            case (_, "53"), (_, "55"), (_, "57"), (_, "58"): return .notDurable(told)
            case ("42P01", _), ("3F000", _):
                return .damaged("\(told): the tables of Twostep are not what they were")
            case _: return .unreachable(told)
            }
        }
    }
}
