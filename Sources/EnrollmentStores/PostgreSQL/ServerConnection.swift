internal import Authentication
internal import CPQ

/// One connection to a PostgreSQL server, used by one thread at a time. It waits for the server no longer than it is told to,
/// and is of no use any more once it has waited in vain.
@safe
final class ServerConnection: @unchecked Sendable {
    // Sendable although it has a state: whoever has it, has it alone (the writer, or behind a lock).
    private let library: ServerLibrary
    private let handle: OpaquePointer
    private let warned: UnsafeMutablePointer<pq_warning>
    /// Why nothing can be said any more.
    private var loss: ServerFault?
    /// How often it was waited for the server: what one that is far away costs.
    private(set) var ways = 0

    /// Connects to the first server of `place` that is what is asked for, whatever else there is to say of it.
    init(unlooked place: PostgreSQLPlace) throws(StoreFailure) {
        library = try ServerLibrary.get()
        guard let room = unsafe pq_make_warning(library.functions) else { throw .unreachable("no memory") }
        unsafe warned = room
        do throws(StoreFailure) {
            unsafe handle = try ServerConnection.connect(to: place, with: library, unsafe room)
        } catch {
            unsafe pq_drop_warning(room)
            throw error
        }
        guard unsafe pq_begin_pipeline(library.functions, handle) else {
            throw .unreachable("\(place.description): no pipeline mode")
        }
    }

    deinit {
        unsafe pq_finish(library.functions, handle)
        unsafe pq_drop_warning(warned)
    }

    // MARK: Saying things

    /// Runs these statements one after the other, sent at once; what each has returned. After a fault none of the later ones was
    /// run, and the transaction that was open, if any, can only be rolled back.
    func run(_ queries: [ServerQuery], by deadline: Int64) throws(ServerFault) -> [ServerRows] {
        if let loss { throw loss }
        unsafe pq_forget_warning(warned)
        for query in queries { try send(query) }
        try check(unsafe pq_sync(library.functions, handle))
        return try results(of: queries.count, by: deadline)
    }

    /// Runs one statement.
    func run(_ query: ServerQuery, by deadline: Int64) throws(ServerFault) -> ServerRows {
        guard let rows = try run([query], by: deadline).first else { throw .lost("no result") }
        return rows
    }

    /// Throws, and says nothing more, if the server has warned of what was run last: a commit that has given up waiting for its
    /// standbys is told as one, beside a warning, though a failover may lose it.
    func checkUnwarned() throws(ServerFault) {
        let words = unsafe ServerConnection.words(pq_warned(warned))
        guard unsafe pq_warned(warned).pointee == 0 else { throw lose("the server warns of a commit: \(words)") }
    }

    /// Waits for a notice of a channel that is listened to; returns whether any has come.
    func awaitNotice(milliseconds: Int32) throws(ServerFault) -> Bool {
        if let loss { throw loss }
        switch unsafe pq_await_notice(library.functions, handle, milliseconds) {
        case 1: return true
        case 0: return false
        case _: throw lose(nil)
        }
    }

    /// Prepares statements for later.
    func prepare(_ statements: [ServerStatement], by deadline: Int64) throws(ServerFault) {
        if let loss { throw loss }
        for statement in statements {
            try check(unsafe pq_prepare(library.functions, handle, statement.name, statement.sql))
        }
        try check(unsafe pq_sync(library.functions, handle))
        _ = try results(of: statements.count, by: deadline)
    }

    /// Runs a text of several statements without values, in the transaction that is open.
    func run(script: String, by deadline: Int64) throws(ServerFault) {
        if let loss { throw loss }
        try check(unsafe pq_end_pipeline(library.functions, handle))
        try check(unsafe pq_send_script(library.functions, handle, script))
        var fault: ServerFault?
        while let result = try unsafe next(by: deadline) {
            if unsafe !pq_is_success(library.functions, result), fault == nil { fault = unsafe refusal(in: result) }
            unsafe pq_clear(library.functions, result)
        }
        try check(unsafe pq_begin_pipeline(library.functions, handle))
        if let fault { throw fault }
    }

    /// Ends a transaction of which nothing is to stay, if there is one.
    func rollBack() {
        guard loss == nil else { return }
        _ = try? run(.rollback, by: ServerClock.now + 1000)
    }

    private func send(_ query: ServerQuery) throws(ServerFault) {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for value in query.values {
            value.encode(into: &bytes)
            ends.append(bytes.count)
        }
        // So that an empty value at the end has an address.
        bytes.append(0)
        let lengths = ends.indices.map { Int32(clamping: ends[$0] - ($0 == 0 ? 0 : ends[$0 - 1])) }
        let formats = [Int32](repeating: 1, count: ends.count)
        let isSent = unsafe bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else { return false }
            let characters = unsafe base.assumingMemoryBound(to: CChar.self)
            let values: [UnsafePointer<CChar>?] = unsafe query.values.indices.map { index in
                guard !query.values[index].isNull else { return nil }
                return unsafe characters + (index == 0 ? 0 : ends[index - 1])
            }
            let count = Int32(clamping: query.values.count)
            guard let name = query.name else {
                return unsafe pq_send(library.functions, handle, nil, query.sql, count, values, lengths, formats)
            }
            return unsafe pq_send(library.functions, handle, name, nil, count, values, lengths, formats)
        }
        try check(isSent)
    }

    private func results(of count: Int, by deadline: Int64) throws(ServerFault) -> [ServerRows] {
        ways += 1
        var rows: [ServerRows] = []
        var fault: ServerFault?
        // Each statement ends with no result, and all of them with the mark that was sent after them.
        for _ in 0..<(2 * count + 8) {
            guard let result = try unsafe next(by: deadline) else { continue }
            if unsafe pq_is_sync(library.functions, result) {
                unsafe pq_clear(library.functions, result)
                if let fault { throw fault }
                guard rows.count == count else { throw lose("it has returned too little") }
                return rows
            }
            if unsafe pq_is_success(library.functions, result) {
                unsafe rows.append(ServerRows(result, of: library))
            } else {
                if unsafe !pq_is_left_out(library.functions, result), fault == nil {
                    fault = unsafe refusal(in: result)
                }
                unsafe pq_clear(library.functions, result)
                guard unsafe pq_is_sound(library.functions, handle) else { throw lose(nil) }
            }
        }
        throw fault ?? lose("it has returned too much")
    }

    /// The next result, for its owner to clear; nil where a statement has no more.
    private func next(by deadline: Int64) throws(ServerFault) -> OpaquePointer? {
        while true {
            let left = deadline - ServerClock.now
            switch unsafe pq_await(library.functions, handle, Int32(clamping: max(left, 0))) {
            case 1: return unsafe pq_result(library.functions, handle)
            case 0 where left > 0: continue
            case 0: throw lose("the server does not answer")
            case _: throw lose(nil)
            }
        }
    }

    private func check(_ isDone: Bool) throws(ServerFault) {
        guard isDone else { throw lose(nil) }
    }

    /// Nothing is said from now on; `words` is why, nil if libpq knows.
    private func lose(_ words: String?) -> ServerFault {
        let own = unsafe ServerConnection.words(pq_error(library.functions, handle))
        let fault = ServerFault.lost(words ?? own)
        loss = fault
        return fault
    }

    private func refusal(in result: OpaquePointer) -> ServerFault {
        guard let state = unsafe pq_state(library.functions, result) else { return lose(nil) }
        let words = unsafe ServerConnection.words(pq_words(library.functions, result))
        return .refused(state: unsafe String(cString: state), words: words)
    }

    /// What libpq says, in one line.
    static func words(_ text: UnsafePointer<CChar>?) -> String {
        guard let text = unsafe text else { return "no reason given" }
        let lines = unsafe String(cString: text).split(whereSeparator: \.isNewline)
        return lines.isEmpty ? "no reason given" : lines.joined(separator: "; ").replacing("\t", with: "")
    }
}
