import CPOSIX
import Foundation
import Synchronization

/// A PostgreSQL server of the tests' own, which nobody else can reach: Debian's, in a temporary folder, as a user without rights.
///
/// It is started once and ends with the process of the tests, however that ends: whoever started it reads from a pipe that is
/// closed then, and ends it by its pid.
final class PostgreSQLServer: Sendable {
    static let shared = Result { try PostgreSQLServer() }

    /// What the server, or a program that comes with it, had to say.
    struct Trouble: Error {
        let explanation: String
    }

    let folder: String
    private let keeper: Process
    private let shell: PostgreSQLShell
    private let databases = Atomic(0)

    private init() throws {
        let base = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
        folder = "\(base)/twostep-pg-\(getpid())"
        let programs = try PostgreSQLServer.programs()
        keeper = Process()
        keeper.executableURL = URL(fileURLWithPath: "/bin/sh")
        keeper.arguments = ["-c", PostgreSQLServer.keeping, "keeper", programs, folder]
        let said = Pipe()
        keeper.standardInput = Pipe()
        keeper.standardOutput = said
        try keeper.run()
        guard try said.fileHandleForReading.readUntil("ready\n") else {
            throw Trouble(explanation: "the server has not started: see what was printed")
        }
        shell = try PostgreSQLShell("\(programs)/psql", in: folder)
    }

    /// Makes the server, says "ready", waits for the end of its input, and takes everything away.
    private static let keeping = """
        programs=$1 folder=$2
        as=; [ "$(id -u)" != 0 ] || as="setpriv --reuid=postgres --regid=postgres --clear-groups"
        mkdir -m 0700 "$folder" || exit 1
        [ "$(id -u)" != 0 ] || chown postgres "$folder"
        cd "$folder" || exit 1
        $as "$programs/initdb" -D "$folder/data" -U owner -A trust --no-sync -E UTF8 --locale=C >&2 </dev/null || exit 1
        printf 'local all guarded scram-sha-256\\nlocal all all trust\\n' >"$folder/data/pg_hba.conf"
        chmod 0711 "$folder"
        $as "$programs/postgres" -D "$folder/data" -c listen_addresses= -c unix_socket_directories="$folder" \\
            -c max_connections=200 -c shared_buffers=16MB -c log_min_messages=panic </dev/null >"$folder/log" 2>&1 &
        server=$!
        tries=0
        until $as "$programs/pg_isready" -q -h "$folder" </dev/null; do
            kill -0 $server 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
            tries=$((tries + 1)); [ $tries -lt 600 ] || exit 1
            sleep 0.1
        done
        echo ready
        cat >/dev/null
        kill -QUIT $server; wait $server; rm -rf "$folder"
        """

    private static func programs() throws -> String {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        guard let newest = versions.compactMap(Int.init).max() else {
            throw Trouble(explanation: "no /usr/lib/postgresql: install Debian's package postgresql")
        }
        return "/usr/lib/postgresql/\(newest)/bin"
    }

    /// An empty database with a name of its own.
    func makeDatabase() throws -> String {
        let name = "d\(databases.add(1, ordering: .relaxed).newValue)"
        try run("CREATE DATABASE \(name)")
        return name
    }

    /// Runs SQL as the server's owner, in one of its databases.
    func run(_ sql: String, in database: String = "postgres") throws { try shell.run(sql, in: database) }
}

/// psql, which waits for what is to be done next.
private final class PostgreSQLShell: Sendable {
    private struct Channel {
        let process: Process
        let input: FileHandle
        let output: FileHandle
    }

    private let channel: Mutex<Channel>

    init(_ program: String, in folder: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["-X", "-q", "-A", "-t", "-h", folder, "-U", "owner", "-d", "postgres"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        channel = Mutex(
            Channel(process: process, input: input.fileHandleForWriting, output: output.fileHandleForReading))
    }

    func run(_ sql: String, in database: String) throws {
        try channel.withLock { channel in
            let end = "end-\(UUID().uuidString)"
            try channel.input.write(
                contentsOf: Data("\\connect \(database)\n\\set ON_ERROR_STOP 0\n\(sql);\n\\echo \(end)\n".utf8))
            var said = ""
            while !said.hasSuffix("\(end)\n") {
                let more = channel.output.availableData
                guard !more.isEmpty else { throw PostgreSQLServer.Trouble(explanation: "psql has ended: \(said)") }
                said += String(decoding: more, as: UTF8.self)
            }
            guard !said.contains("ERROR:") else { throw PostgreSQLServer.Trouble(explanation: "\(sql): \(said)") }
        }
    }
}

extension FileHandle {
    /// Reads until a text has come; false if there is no more before it.
    fileprivate func readUntil(_ text: String) throws -> Bool {
        var said = ""
        while !said.hasSuffix(text) {
            let more = availableData
            guard !more.isEmpty else { return false }
            said += String(decoding: more, as: UTF8.self)
        }
        return true
    }
}
