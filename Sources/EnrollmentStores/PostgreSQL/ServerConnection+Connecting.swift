internal import Authentication
internal import CPQ

extension ServerConnection {
    /// Connects to the first server of `place` that is what is asked for, and no older than what was seen before. Each one has as
    /// long as connect_timeout says.
    static func open(to place: PostgreSQLPlace) throws(StoreFailure) -> ServerConnection {
        let first = try ServerConnection(unlooked: place)
        guard let words = try first.outdated(by: place) else { return first }
        // An old primary that has come back may stand before the new one in the list.
        for server in place.servers where place.servers.count > 1 {
            guard let other = try? ServerConnection(unlooked: server), try other.outdated(by: server) == nil else {
                continue
            }
            return other
        }
        throw .unreachable("\(place.description): \(words)")
    }

    /// Why this server is not to be believed, nil if nothing speaks against it.
    private func outdated(by place: PostgreSQLPlace) throws(StoreFailure) -> String? {
        guard let lineage = place.lineage else { return nil }
        do throws(ServerFault) {
            return try lineage.objection(to: self)
        } catch {
            throw error.failure(of: place.description)
        }
    }

    /// The connection as libpq has it, for its owner to end.
    static func connect(
        to place: PostgreSQLPlace, with library: ServerLibrary, _ warned: UnsafeMutablePointer<pq_warning>
    ) throws(StoreFailure) -> OpaquePointer {
        let password = try place.password()
        // Names and values in one run of bytes, each with its zero; it is wiped since the password is in it.
        var texts: [String] = place.parameters.flatMap { [$0.name, $0.value] }
        if password.count > 0 { texts.append("password") }
        let size = texts.reduce(0) { $0 + $1.utf8.count + 1 } + password.count + 1
        var starts: [Int] = []
        let text = Secret(count: size) { target in
            var end = 0
            for text in texts {
                starts.append(end)
                for byte in text.utf8 {
                    target[end] = byte
                    end += 1
                }
                end += 1
            }
            starts.append(end)
            password.withBytes { bytes in
                for index in bytes.indices { target[end + index] = bytes[index] }
            }
        }
        let connection = unsafe text.withBytes { bytes in
            unsafe bytes.withUnsafeBytes { buffer -> OpaquePointer? in
                guard let base = buffer.baseAddress else { return nil }
                let characters = unsafe base.assumingMemoryBound(to: CChar.self)
                var names: [UnsafePointer<CChar>?] = unsafe []
                var values: [UnsafePointer<CChar>?] = unsafe []
                // Without a password the last start is that of nothing.
                for index in stride(from: 0, to: starts.count - 1, by: 2) {
                    let (name, value) = (starts[index], starts[index + 1])
                    unsafe names.append(UnsafePointer(characters.advanced(by: name)))
                    unsafe values.append(UnsafePointer(characters.advanced(by: value)))
                }
                unsafe names.append(nil)
                unsafe values.append(nil)
                return unsafe pq_connect(library.functions, names, values, warned)
            }
        }
        guard let connection = unsafe connection else { throw .unreachable("no memory for a connection") }
        guard unsafe pq_is_sound(library.functions, connection) else {
            let words = unsafe ServerConnection.words(pq_error(library.functions, connection))
            unsafe pq_finish(library.functions, connection)
            throw .unreachable("\(place.description): \(words)")
        }
        return unsafe connection
    }
}
