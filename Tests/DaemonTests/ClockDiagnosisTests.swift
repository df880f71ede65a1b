import AdminProtocol
import Authentication
import AuthenticationTesting
import AuthModules
import Daemon
import Foundation
import Testing
import Wire

/// Codes of a phone whose clock is wrong: refused like any other, and named to the administrator.
@Suite struct ClockDiagnosisTests {
    private static let totp = ModuleID("totp")
    private static let key = [UInt8]("12345678901234567890".utf8)

    private func world(_ throttle: Throttle = Throttle()) throws -> LoginWorld {
        let world = try LoginWorld(chain: [Step(Self.totp)], extra: [TOTPModule(Self.totp)], throttle: throttle)
        let parameters = try #require(TOTPParameters())
        let place = DeviceKey(account: try #require(AccountName("alice")), module: Self.totp, device: "phone")
        let sealed = try world.store.sealing.seal(parameters.payload(key: Self.key.span), at: place)
        _ = try world.store.add(Device(name: "phone", sealed: sealed, state: -1, createdAt: 0), at: place, uid: 1001)
        return world
    }

    private func code(_ world: LoginWorld, stepsAhead: Int64) throws -> String {
        let parameters = try #require(TOTPParameters())
        let step = parameters.step(at: world.clock.now.wall) + stepsAhead
        let code = try OneTimePassword(
            key: Self.key.span, counter: UInt64(bitPattern: step), algorithm: parameters.algorithm, digits: 6)
        let digits = String(code.value)
        return String(repeating: "0", count: 6 - digits.utf8.count) + digits
    }

    /// A login that is given up after one answer.
    private func answer(_ world: LoginWorld, _ text: String) throws {
        let client = try world.connect()
        try client.begin("alice")
        _ = try client.receive()
        try client.answer(text)
        _ = try client.receive()
        try client.say(.cancel)
        _ = try client.verdict()
    }

    /// The lines about clocks, once there is one; ten seconds are for a machine that is busy.
    private func lines(_ world: LoginWorld, isExpected: Bool) async throws -> [String] {
        let deadline = Date(timeIntervalSinceNow: isExpected ? 10 : 0)
        while true {
            // There and back through the writer and the pool for slow work, if it is on its way at all.
            try await world.server.sweep()
            _ = try world.administer().ask(.list(account: nil))
            let found = world.journal.messages.filter { $0.hasPrefix("login diagnosed") }
            if !found.isEmpty || deadline.timeIntervalSinceNow < 0 { return found }
        }
    }

    /// How many lines about clocks there are, once there are so many.
    private func count(_ world: LoginWorld, atLeast expected: Int) async throws -> Int {
        let deadline = Date(timeIntervalSinceNow: 10)
        while true {
            let found = try await lines(world, isExpected: true).count
            if found >= expected || deadline.timeIntervalSinceNow < 0 { return found }
        }
    }

    @Test(arguments: [(3, "ahead", 90), (-4, "behind", 120)] as [(Int64, String, Int)])
    func `a code of another time is refused, and the journal says how far off the phone is`(
        _ steps: Int64, _ direction: String, _ seconds: Int
    ) async throws {
        try await withWorld(world()) { world in
            try answer(world, code(world, stepsAhead: steps))
            let line =
                #"login diagnosed reason=clock_\#(direction) service=sshd rhost=192.0.2.7 user="alice" module=totp "#
                + #"step_offset=\#(steps) hint="phone is \#(seconds) s \#(direction)""#
            #expect(try await lines(world, isExpected: true) == [line])
            let entry = world.journal.all.first { $0.message == line }
            #expect(entry?.fields.contains { $0 == ("TWOSTEP_STEP_OFFSET", "\(steps)") } == true)
            #expect(entry?.fields.contains { $0 == ("TWOSTEP_RESULT", "diagnosed") } == true)
        }
    }

    @Test func `of a flood of refused codes a few are looked at, and one more a second later`() async throws {
        var throttle = Throttle()
        throttle.freeFailures = 99
        throttle.lockAt = 100
        try await withWorld(world(throttle)) { world in
            // One at a time: of those of one account that wait together, the pool takes no more than a few.
            for (number, steps) in zip(1..., 2...17 as ClosedRange<Int64>) {
                try answer(world, code(world, stepsAhead: steps))
                #expect(try await count(world, atLeast: number) == number)
            }
            for steps in 18...39 as ClosedRange<Int64> { try answer(world, code(world, stepsAhead: steps)) }
            world.clock.advance(seconds: 1)
            try answer(world, code(world, stepsAhead: -3))
            #expect(try await count(world, atLeast: 17) == 17)
        }
    }

    @Test func `finding out charges nothing`() async throws {
        try await withWorld(world()) { world in
            try answer(world, code(world, stepsAhead: 3))
            _ = try await lines(world, isExpected: true)
            #expect(try world.store.counters(of: nil).map(\.counter.failures) == [1])
        }
    }

    @Test func `the record of a granted login has the offset of its code`() async throws {
        try await withWorld(world()) { world in
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer(code(world, stepsAhead: 1))
            #expect(try client.verdict() == .verdict(.granted, ""))
            #expect(world.journal.messages.last?.contains(" modules=totp step_offset=1 ") == true)
            #expect(world.journal.all.last?.fields.contains { $0 == ("TWOSTEP_STEP_OFFSET", "1") } == true)
        }
    }
}
