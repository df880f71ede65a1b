import AdminProtocol
import Administration
import Foundation
import Testing

/// One run of the command line, and all that came of it.
struct Performance {
    let status: CommandStatus
    let output: String
    let errors: String

    /// Runs a command against a daemon that expects `turns`; checks that daemon and person were asked all of it.
    init(
        _ arguments: [String], against turns: [ScriptedDaemon.Turn],
        console: ScriptedConsole = ScriptedConsole(), replyLimit: Int64 = 10_000, isRoot: Bool = true,
        host: any StackHost = SystemStackHost(), sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let daemon = try ScriptedDaemon(turns)
        status = AdministrationCommand.execute(
            arguments + ["--runtime-directory", daemon.runtimeDirectory],
            in: AdministrationWorld(
                console: console,
                accounts: ScriptedAccounts(
                    isPrivileged: isRoot, users: ["alice": 1000, "bob": 1001, "carol": 1002]),
                replyLimit: replyLimit, now: { 1_700_000_000 }, host: host))
        output = console.output
        errors = console.errors.replacingOccurrences(of: daemon.runtimeDirectory, with: "/run/twostep")
        #expect(daemon.finish() == [], sourceLocation: sourceLocation)
        #expect(console.lines == [], "lines are left over", sourceLocation: sourceLocation)
    }

    /// Runs a command that must not get as far as any daemon.
    init(
        _ arguments: [String], console: ScriptedConsole = ScriptedConsole(),
        accounts: ScriptedAccounts = ScriptedAccounts(), stores: ScriptedStores = ScriptedStores(),
        host: any StackHost = SystemStackHost(), now: Int64 = Int64(time(nil)), isClockSynchronized: Bool? = nil
    ) {
        status = AdministrationCommand.execute(
            arguments,
            in: AdministrationWorld(
                console: console, accounts: accounts, stores: stores, now: { now },
                isClockSynchronized: { isClockSynchronized }, host: host))
        output = console.output
        errors = console.errors
    }

    /// Standard output as the one JSON document that it must be.
    func document() throws -> NSDictionary {
        let document = try JSONSerialization.jsonObject(with: Data(output.utf8))
        return try #require(document as? NSDictionary)
    }
}
