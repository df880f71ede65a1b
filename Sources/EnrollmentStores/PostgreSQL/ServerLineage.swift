internal import Authentication
internal import CPOSIX
internal import Synchronization

/// Which server was written to last, and on which timeline (PostgreSQL, "Timelines"): each promotion of a standby begins a new one.
///
/// A server of an older timeline is a primary of before a failover that has come back: codes that were used since are good on it.
/// What it cannot notice is one that no promotion was seen of.
package final class ServerLineage: Sendable {
    private struct Known: Equatable {
        /// Of the cluster: a copy by dump and restore has another.
        let system: Int64
        let timeline: Int64
    }

    /// Where it is kept over restarts; nil for memory alone.
    private let path: String?
    private let known: Mutex<Known?>

    /// Begins with what stands in the file at `path`, if there is one.
    package init(keptAt path: String? = nil) {
        self.path = path
        known = Mutex(path.flatMap(ServerLineage.read))
    }

    /// The timeline that is written to. What the control file says of it is that of the last checkpoint, which may be one of before
    /// a promotion.
    static let timeline = """
        pg_catalog.concat('x', pg_catalog.substr(
            pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8))::bit(32)::bigint
        """

    private static let question = ServerQuery(
        "SELECT (SELECT system_identifier FROM pg_catalog.pg_control_system()), \(timeline)")

    /// Which server this is and on which timeline, to be compared with another connection's; nil where it does not say.
    static func identity(of connection: ServerConnection) throws(ServerFault) -> [Int64]? {
        try ask(connection).map { [$0.system, $0.timeline] }
    }

    private static func ask(_ connection: ServerConnection) throws(ServerFault) -> Known? {
        do throws(ServerFault) {
            let rows = try connection.run(ServerLineage.question, by: ServerClock.now + ServerClock.limit)
            return Known(system: try rows.integer(0, 0), timeline: try rows.integer(0, 1))
        } catch {
            // An engine that has no timelines, or whose administrator does not let it be asked.
            guard case .refused(let state, _) = error, ["42883", "42501", "0A000"].contains(state) else { throw error }
            return nil
        }
    }

    /// Asks a server, which takes writes, which one it is; returns what speaks against it, nil if nothing does. What was
    /// newer than all before is remembered.
    func objection(to connection: ServerConnection) throws(ServerFault) -> String? {
        guard let found = try ServerLineage.ask(connection) else { return nil }
        return known.withLock { known in
            guard let last = known, last.system == found.system else {
                known = found
                keep(found)
                return nil
            }
            guard found.timeline >= last.timeline else {
                return """
                    it is on timeline \(found.timeline), and timeline \(last.timeline) was written to: an old primary has come \
                    back, on which used codes would be good again
                    """
            }
            if found != last {
                known = found
                keep(found)
            }
            return nil
        }
    }

    /// Writes it down; where that fails it is known until the daemon ends.
    private func keep(_ found: Known) {
        guard let path, let file = unsafe OpenFile.adopt(posix_open_or_create_private("\(path).new")) else { return }
        let text = Array("\(found.system) \(found.timeline)\n".utf8)
        guard file.replace(with: text.span), file.flush() else { return }
        _ = unsafe rename("\(path).new", path)
    }

    private static func read(_ path: String) -> Known? {
        guard let file = unsafe OpenFile.adopt(posix_open_for_reading(path)), let (_, size) = file.facts(),
            (1...64).contains(size)
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        var target = bytes.mutableSpan
        guard file.read(into: &target) == Int(size) else { return nil }
        let numbers = String(decoding: bytes, as: UTF8.self).split { " \n".contains($0) }.map { Int64($0) }
        guard numbers.count == 2, let system = numbers[0], let timeline = numbers[1] else { return nil }
        return Known(system: system, timeline: timeline)
    }
}
