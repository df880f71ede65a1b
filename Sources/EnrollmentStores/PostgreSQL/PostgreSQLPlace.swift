internal import Authentication
internal import CPOSIX

/// Where a PostgreSQL store is: what libpq is told, and where the password stands.
package struct PostgreSQLPlace: Sendable {
    /// A parameter of libpq's (PostgreSQL, "Parameter Key Words").
    package struct Parameter: Equatable, Sendable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    private let given: [Parameter]
    private let passwordFile: String?
    /// What is known of the servers that were there before; nil where nobody keeps it.
    let lineage: ServerLineage?

    /// `parameters` hold no password; the file at `passwordFile` holds nothing else, a newline at its end aside. A server that is
    /// older than one that `lineage` has seen is not connected to.
    package init(_ parameters: [Parameter], passwordFile: String? = nil, lineage: ServerLineage? = nil) {
        given = parameters
        self.passwordFile = passwordFile
        self.lineage = lineage
    }

    /// Each of the servers that are named, alone, in their order.
    package var servers: [PostgreSQLPlace] {
        let lists = given.map { parameter in
            PostgreSQLPlace.listed.contains(parameter.name)
                ? parameter.value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
                : [parameter.value]
        }
        return (0..<(lists.map(\.count).max() ?? 0)).map { index in
            let own = zip(given, lists).map { parameter, values in
                // One port is that of all.
                Parameter(parameter.name, values.indices.contains(index) ? values[index] : values.last ?? "")
            }
            return PostgreSQLPlace(own, passwordFile: passwordFile, lineage: lineage)
        }
    }

    /// What libpq takes several of, with commas.
    private static let listed: Set<String> = ["host", "hostaddr", "port"]

    /// Which server and database it is, without anything secret.
    package var description: String {
        let shown = ["host", "hostaddr", "port", "dbname", "user"]
        let words = given.filter { shown.contains($0.name) }.map { "\($0.name)=\($0.value)" }
        return (["postgresql"] + words).joined(separator: " ")
    }

    /// What libpq is told: what was given, and what a login cannot do without.
    var parameters: [Parameter] {
        var all = given
        for fallback in PostgreSQLPlace.fallbacks where !all.contains(where: { $0.name == fallback.name }) {
            all.append(fallback)
        }
        return all
    }

    /// Two seconds a server is the least that libpq takes. A dead one is noticed by the kernel in as many as a transaction
    /// may take. Without a place for a certificate of one's own it is looked for in the home of whoever started this process,
    /// and what cannot be looked at there is an error.
    private static let fallbacks = [
        Parameter("connect_timeout", "2"), Parameter("tcp_user_timeout", "\(ServerClock.limit)"),
        Parameter("keepalives_idle", "10"), Parameter("keepalives_interval", "3"), Parameter("keepalives_count", "3"),
        Parameter("target_session_attrs", "read-write"), Parameter("application_name", "twostepd"),
        Parameter("client_encoding", "UTF8"), Parameter("sslcert", "/nonexistent/postgresql.crt"),
    ]

    /// The longest password, in bytes.
    private static let longestPassword: Int64 = 1024

    /// The password in the file, which only root or the daemon's own user may have written and nobody else may read; empty
    /// where there is no file.
    func password() throws(StoreFailure) -> Secret {
        guard let path = passwordFile else { return Secret(count: 0) { _ in } }
        guard let file = unsafe OpenFile.adopt(posix_open_for_reading(path)) else {
            throw .unreachable("the password file \(path) cannot be opened: \(words(for: posix_errno()))")
        }
        guard let (facts, size) = file.facts(), facts.type == S_IFREG else {
            throw .unreachable("the password file \(path) is not a regular file")
        }
        guard facts.owner == 0 || facts.owner == geteuid(), facts.permissions & 0o7137 == 0 else {
            throw .unreachable(
                """
                the password file \(path) has mode \(octal(facts.permissions)) and belongs to uid \(facts.owner), expected \
                0600 or 0640 and root or uid \(geteuid())
                """)
        }
        guard (1...PostgreSQLPlace.longestPassword).contains(size) else {
            throw .unreachable("the password file \(path) has \(size) bytes, expected a password of one line")
        }
        let whole = try Secret(count: Int(size)) { (target) throws(StoreFailure) in
            guard file.read(into: &target) == Int(size) else {
                throw .unreachable("the password file \(path) cannot be read")
            }
        }
        let password = whole.withBytes { bytes in
            var count = bytes.count
            while count > 0, bytes[count - 1] == 0x0A || bytes[count - 1] == 0x0D { count -= 1 }
            return Secret(copying: bytes.extracting(first: count))
        }
        let isOneLine = password.withBytes { bytes in
            bytes.count > 0 && !bytes.indices.contains { [0, 0x0A, 0x0D].contains(bytes[$0]) }
        }
        guard isOneLine else {
            throw .unreachable("the password file \(path) holds something else than a password of one line")
        }
        return password
    }
}
