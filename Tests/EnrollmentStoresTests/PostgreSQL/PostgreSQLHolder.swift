import Foundation

/// A session of psql that stays in a transaction.
final class PostgreSQLHolder {
    private let process = Process()
    private let input = Pipe()

    /// Returns once the statement has been run.
    init(_ place: ServerPlace, _ sql: String) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["psql", "-X", "-q", "-h", place.server.folder, "-U", "owner", "-d", place.database]
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data("BEGIN; \(sql);\n\\echo held\n".utf8))
        var said = ""
        while !said.contains("held\n") {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw PostgreSQLServer.Trouble(explanation: "psql has ended: \(said)") }
            said += String(decoding: more, as: UTF8.self)
        }
    }

    deinit { letGo() }

    /// Commits what was done, and ends the session.
    func commit() {
        try? input.fileHandleForWriting.write(contentsOf: Data("COMMIT;\n".utf8))
        letGo()
    }

    /// Ends the session, and the transaction with it.
    func letGo() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
