import AdminProtocol
import Authentication
import AuthenticationTesting
import Daemon
import Testing

/// What the journal and the status say of the clock on the wall.
@Suite struct ClockWatchTests {
    /// What was said of the clock, once everything that was begun on the event loop and the writer has been said.
    private func said(_ world: LoginWorld) async throws -> [String] {
        _ = try world.administer().ask(.list(account: nil))
        try await world.server.sweep()
        return world.journal.all.filter { $0.level == .warning && $0.message.contains("clock") }.map(\.message)
    }

    private func status(_ world: LoginWorld) throws -> ServiceStatus {
        guard case .status(let status) = try world.administer().ask(.status) else { throw WorldFailure("no status") }
        return status
    }

    @Test(arguments: [(Int64(3600), "3600 s forward"), (-3600, "3600 s back")])
    func `that somebody has set it is in the journal once`(_ seconds: Int64, _ words: String) async throws {
        try await withWorld(LoginWorld()) { world in
            try await world.server.sweep()
            #expect(try await said(world) == [])
            world.clock.set(wall: world.clock.now.wall + seconds)
            try await world.server.sweep()
            world.clock.advance(seconds: 1)
            try await world.server.sweep()
            let lines = try await said(world)
            #expect(
                lines.count == 1 && lines[0].hasPrefix("The clock of this machine was set \(words), to 2023-11-14 "))
        }
    }

    @Test func `time that passes, and a correction, are no setting`() async throws {
        try await withWorld(LoginWorld()) { world in
            world.clock.advance(seconds: 100_000)
            try await world.server.sweep()
            world.clock.set(wall: world.clock.now.wall + 20)
            #expect(try await said(world) == [])
        }
    }

    @Test func `a clock that was not right yet is warned of at the start, and in the status`() async throws {
        try await withWorld(LoginWorld()) { world in
            // 2023, which was before the build.
            world.clock.isSynchronized = false
            world.server.tellClock()
            let lines = try await said(world)
            #expect(lines.count == 2)
            #expect(lines.first?.hasPrefix("The clock of this machine shows 2023-11-14 22:13:20 UTC, when") == true)
            #expect(lines.last?.hasPrefix("The clock of this machine is not synchronised: ") == true)
            let status = try status(world)
            #expect(!status.isClockSane && status.clockProblems == lines)
        }
    }

    @Test func `a clock that nothing keeps right is no problem yet, and is named`() async throws {
        try await withWorld(LoginWorld()) { world in
            world.clock.set(wall: 1_800_000_000)
            world.clock.isSynchronized = false
            let status = try status(world)
            #expect(status.isClockSane && status.clockProblems?.count == 1)
            world.clock.isSynchronized = true
            #expect(try self.status(world).clockProblems == [])
        }
    }

    @Test func `a clock that shows less than when an answer was accepted is named`() async throws {
        try await withWorld(LoginWorld()) { world in
            world.clock.set(wall: 1_800_000_000)
            let account = try #require(AccountName("alice"))
            let key = DeviceKey(account: account, module: LoginWorld.module, device: "phone")
            let used = Device(name: "phone", sealed: [], state: 1, createdAt: 0, lastUsedAt: 1_800_003_600)
            _ = try world.store.add(used, at: key, uid: 1001)
            world.server.tellClock()
            let lines = try await said(world).filter { !$0.contains(" was set ") }
            #expect(
                lines == [
                    "The clock of this machine shows 2027-01-15 08:00:00 UTC, and an answer was accepted at "
                        + "2027-01-15 09:00:00 UTC: it is wrong now, or was wrong then. What was used stays used."
                ])
            #expect(try status(world).clockProblems == lines)
            // Without the store that cannot be said, and nothing else is lost.
            world.store.failure = .unreachable("gone")
            #expect(try status(world).clockProblems == [])
            world.store.failure = nil
        }
    }
}
