import Administration
import Foundation
import Testing

/// What `twostep check` says of the clock.
@Suite struct ClockFindingTests {
    private static let now: Int64 = 1_800_000_000

    private func check(_ system: CheckedSystemTests.System, now: Int64 = now, isSynchronized: Bool? = true)
        -> Performance
    {
        Performance(
            ["check", "--root", system.root, "--only", "clock"], now: now, isClockSynchronized: isSynchronized)
    }

    @Test(arguments: [true, nil])
    func `a clock of which nothing is known to be wrong is good`(_ isSynchronized: Bool?) throws {
        let run = check(try CheckedSystemTests.System([:]), isSynchronized: isSynchronized)
        #expect(run.output == "The clock is good.\n")
        #expect(run.status == .done)
    }

    @Test func `one that nothing keeps right is a warning`() throws {
        let run = check(try CheckedSystemTests.System([:]), isSynchronized: false)
        #expect(run.output.hasPrefix("clock: warning: The clock of this machine is not synchronised: "))
        #expect(run.output.hasSuffix("\nThe clock is good, but for 1 warning.\n"))
        #expect(run.status == .done)
    }

    @Test func `one that shows a time before Twostep is a problem`() throws {
        let run = check(try CheckedSystemTests.System([:]), now: 5)
        #expect(run.output.hasPrefix("clock: problem: The clock of this machine shows 1970-01-01 00:00:05 UTC, "))
        #expect(run.output.hasSuffix("\nclock: 1 problem\n"))
        #expect(run.status == .refused)
    }

    @Test(arguments: ["twostep.sqlite", "twostep.sqlite-wal"])
    func `one that shows less than when the store was written is a problem`(_ file: String) throws {
        let system = try CheckedSystemTests.System(["/var/lib/twostep/\(file)": ""])
        let written = Date(timeIntervalSince1970: Double(ClockFindingTests.now))
        try FileManager.default.setAttributes(
            [.modificationDate: written], ofItemAtPath: "\(system.root)/var/lib/twostep/\(file)")
        #expect(check(system).status == .done)
        #expect(check(system, now: ClockFindingTests.now - 29).status == .done)
        let run = check(system, now: ClockFindingTests.now - 30)
        #expect(run.output.contains("and the store was written at "))
        #expect(run.status == .refused)
    }

    @Test func `the clock is not another system's`() throws {
        let system = try CheckedSystemTests.System(CheckedSystemTests.good)
        let run = Performance(["check", "--root", system.root], now: 5, isClockSynchronized: false)
        #expect(run.output == "The configuration, permissions, stacks, sshd, doors are good.\n")
    }
}
