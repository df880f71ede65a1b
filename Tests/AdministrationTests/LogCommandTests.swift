import AdminProtocol
import Administration
import Foundation
import Testing

@Suite struct LogCommandTests {
    private static func record(
        _ number: Int64, _ result: String = "denied", user: String = "alice", service: String = "sshd",
        at: Int64 = Samples.noon
    ) -> LoggedRecord {
        LoggedRecord(
            number: number, at: at, priority: 5, message: "login \(result) user=\"\(user)\" number=\(number)",
            fields: ["TWOSTEP_RESULT": result, "TWOSTEP_USER": user, "TWOSTEP_SERVICE": service])
    }

    private static func page(after number: Int64, _ records: [LoggedRecord], newest: Int64? = nil)
        -> ScriptedDaemon.Turn
    {
        let last = records.last?.number ?? number
        return .exchange(
            .records(after: number, atMost: 100),
            reply: .records(RecordListing(run: 7, records: records, cursor: last, newest: newest ?? last)))
    }

    private static let noJournal = JournalProgram(path: "/nonexistent/journalctl", isPresent: false)

    /// Runs `twostep log` against what a daemon has in memory.
    private func run(
        _ arguments: [String], _ turns: [ScriptedDaemon.Turn], journal: JournalProgram = noJournal
    ) throws -> (status: CommandStatus, output: String, errors: String) {
        let daemon = try ScriptedDaemon(turns)
        let console = ScriptedConsole()
        let world = AdministrationWorld(
            console: console, accounts: ScriptedAccounts(), journal: journal, pollInterval: 0)
        let status = AdministrationCommand.execute(
            ["log"] + arguments + ["--runtime-directory", daemon.runtimeDirectory], in: world)
        #expect(daemon.finish() == [])
        return (status, console.output, console.errors)
    }

    private func numbers(_ output: String) -> [Int] {
        output.split(separator: "\n").compactMap { $0.split(separator: "number=").last.flatMap { Int($0) } }
    }

    struct Row: Sendable {
        let arguments: [String]
        let numbers: [Int]
    }

    static let records = [
        record(1), record(2, "granted"), record(3, user: "bob"), record(4, service: "sudo"),
        record(5, at: Samples.noon + 3600),
    ]

    @Test(arguments: [
        Row(arguments: [], numbers: [1, 2, 3, 4, 5]), Row(arguments: ["--user", "bob"], numbers: [3]),
        Row(arguments: ["--service", "sudo"], numbers: [4]), Row(arguments: ["--result", "granted"], numbers: [2]),
        Row(arguments: ["-n", "2"], numbers: [4, 5]), Row(arguments: ["--user", "alice", "-n", "1"], numbers: [5]),
        Row(arguments: ["--since", "@\(Samples.noon + 1)"], numbers: [5]),
        Row(arguments: ["--user", "ALICE"], numbers: []),
    ]) func `records are chosen by what is asked for`(row: Row) throws {
        let shown = try run(row.arguments, [Self.page(after: 0, Self.records)])
        #expect(shown.status == .done)
        #expect(numbers(shown.output) == row.numbers)
    }

    @Test func `each record is a line behind its time, or an object with its fields`() throws {
        let turn = Self.page(after: 0, [Self.record(1)])
        let text = try run([], [turn]).output
        #expect(text.wholeMatch(of: /2026-11-2\d \d\d:\d\d:00 login denied user="alice" number=1\n/) != nil)
        #expect(
            try run(["--json"], [turn]).output == """
                {"records": [{"at": \(Samples.noon), "priority": 5, "message": "login denied user=\\"alice\\" number=1", \
                "result": "denied", "service": "sshd", "user": "alice"}]}

                """)
    }

    @Test func `pages are asked for until there is no more`() throws {
        let turns = [
            Self.page(after: 0, [Self.record(1), Self.record(2)], newest: 3), Self.page(after: 2, [Self.record(3)]),
        ]
        #expect(numbers(try run([], turns).output) == [1, 2, 3])
    }

    @Test func `following goes on from the last record until the daemon is gone`() throws {
        let turns = [
            Self.page(after: 0, [Self.record(1)]), Self.page(after: 1, []),
            Self.page(after: 1, [Self.record(2, "granted"), Self.record(3)]), .hangUp,
        ]
        let shown = try run(["--follow", "--result", "denied"], turns)
        #expect(numbers(shown.output) == [1, 3])
        #expect(shown.status == .unreachable)
    }

    @Test func `followed as JSON each record is a document of its own`() throws {
        let shown = try run(["--follow", "--json"], [Self.page(after: 0, Self.records), .hangUp])
        let lines = shown.output.split(separator: "\n")
        #expect(lines.dropLast().allSatisfy { $0.hasPrefix(#"{"at": "#) } && lines.count == 6)
        #expect(lines.last?.hasPrefix(#"{"error": "#) == true)
    }

    @Test(arguments: [
        ["--user", "a/b"], ["--user", ""], ["--service", "a b"], ["--service", "--follow x"], ["--result", "won"],
        ["--since", "yesteryear"], ["-n", "0"], ["-n", "many"],
    ]) func `a value that no record could have is refused before anybody is asked`(_ arguments: [String]) {
        let console = ScriptedConsole()
        let world = AdministrationWorld(
            console: console, accounts: ScriptedAccounts(),
            journal: JournalProgram(path: "/nonexistent/journalctl", isPresent: true))
        #expect(AdministrationCommand.execute(["log"] + arguments, in: world) == .usage)
        #expect(console.output.isEmpty)
    }

    // MARK: The journal

    /// A journalctl that writes what it was asked, and these lines.
    private func journal(_ lines: [String], status: Int = 0) throws -> (program: JournalProgram, folder: String) {
        let folder = try TemporaryFolder.make()
        try lines.joined(separator: "\n").appending("\n")
            .write(toFile: "\(folder)/lines", atomically: true, encoding: .utf8)
        let script = """
            #!/bin/sh
            printf '%s\\n' "$@" >"\(folder)/asked"
            cat "\(folder)/lines"
            exit \(status)

            """
        try script.write(toFile: "\(folder)/journalctl", atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o700], ofItemAtPath: "\(folder)/journalctl")
        return (JournalProgram(path: "\(folder)/journalctl", isPresent: true), folder)
    }

    @Test func `where there is a journal it is asked, for this unit's records alone`() throws {
        let (program, folder) = try journal([
            #"{"__REALTIME_TIMESTAMP": "\#(Samples.noon)000000", "PRIORITY": "5", "MESSAGE": "login denied number=1", "#
                + #""TWOSTEP_RESULT": "denied", "TWOSTEP_USER": "$(touch x)"}"#,
            #"{"__REALTIME_TIMESTAMP": "\#(Samples.noon)000000", "MESSAGE": "no decision"}"#, "no JSON at all",
            #"{"__REALTIME_TIMESTAMP": "\#(Samples.noon)000000", "MESSAGE": [108, 111, 103, 195, 0], "#
                + #""TWOSTEP_RESULT": ["denied", "granted"], "TWOSTEP_USER": "$(touch x)", "TWOSTEP_TTY": null}"#,
        ])
        defer { TemporaryFolder.remove(folder) }
        let console = ScriptedConsole()
        let world = AdministrationWorld(console: console, accounts: ScriptedAccounts(), journal: program)
        let status = AdministrationCommand.execute(
            ["log", "--user", "$(touch x)", "--result", "denied", "-n", "7", "--since", "@5"], in: world)
        #expect(status == .done)
        #expect(console.output.split(separator: "\n").count == 2)
        #expect(
            try String(contentsOfFile: "\(folder)/asked", encoding: .utf8).split(separator: "\n") == [
                "--quiet", "--no-pager", "--all", "--output=json", "--lines=7", "--since=@5",
                "_SYSTEMD_UNIT=twostepd.service", "TWOSTEP_USER=$(touch x)", "TWOSTEP_RESULT=denied",
            ])
    }

    @Test func `a journal that fails is said, and how to do without it`() throws {
        let (program, folder) = try journal([], status: 1)
        defer { TemporaryFolder.remove(folder) }
        let console = ScriptedConsole()
        let world = AdministrationWorld(console: console, accounts: ScriptedAccounts(), journal: program)
        #expect(AdministrationCommand.execute(["log"], in: world) == .refused)
        #expect(console.errors.contains("twostep log --daemon"))
    }

    @Test func `a daemon of another place is asked itself, whatever journal there is`() throws {
        let program = JournalProgram(path: "/nonexistent/journalctl", isPresent: true)
        #expect(numbers(try run([], [Self.page(after: 0, [Self.record(1)])], journal: program).output) == [1])
    }

    // MARK: Moments

    @Test(
        arguments: [
            ("90s", 910), ("15m", 100), ("@7", 7), ("0h", 1000), ("1d", -85_400),
        ] as [(String, Int64)]) func `a moment can be said by how long ago it was`(_ text: String, _ expected: Int64)
    {
        #expect(PastMoment.parse(text, now: 1000) == expected)
    }

    @Test func `and by the calendar, in local time`() throws {
        var fields = unsafe tm()
        unsafe fields.tm_year = 126
        unsafe fields.tm_mon = 10
        unsafe fields.tm_mday = 24
        unsafe fields.tm_hour = 18
        unsafe fields.tm_min = 3
        unsafe fields.tm_isdst = -1
        let expected = unsafe Int64(mktime(&fields))
        #expect(PastMoment.parse("2026-11-24 18:03", now: 0) == expected)
        #expect(PastMoment.parse("2026-11-24T18:03:09", now: 0) == expected + 9)
        let midnight = try #require(PastMoment.parse("2026-11-24", now: 0))
        #expect(midnight == expected - 18 * 3600 - 180)
    }

    @Test(arguments: [
        "", "m", "-5m", "5x", "@", "@x", "2026-13-01", "2026-02-30", "2026-11-24 25:00", "99999999999999999999s",
        "18:03",
        "2026-11-24 18:03 CET",
    ]) func `what is no moment is none`(_ text: String) { #expect(PastMoment.parse(text, now: 1000) == nil) }
}
