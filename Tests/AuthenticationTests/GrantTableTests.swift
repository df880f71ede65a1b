import Authentication
import Testing

/// What lets people off modules for a while.
@Suite struct GrantTableTests {
    private func key(
        account: AccountName = Some.ann, uid: UInt32 = 1001, service: String = "sudo", terminal: String = "pts/3",
        leader: Int32 = 77, start: UInt64 = 5, steps: [Step] = [Step(Some.totp)], generation: Int = 1
    ) -> Grant.Key {
        Grant.Key(
            account: account, uid: uid, service: service,
            session: TerminalSession(terminal: terminal, leader: leader, leaderStart: start), steps: steps,
            generation: generation)
    }

    /// A table with one grant for 60 s, made at second 10.
    private func table() -> GrantTable {
        var table = GrantTable()
        table.make(key(), for: 60_000, at: Some.moment(10), since: 0)
        return table
    }

    @Test func `a grant holds until its time is over, by the clock that nobody can set`() {
        let table = table()
        for (second, isHeld) in [(10, true), (69, true), (70, false), (71, false), (9, false)] as [(Int64, Bool)] {
            #expect((table.grant(for: key(), within: 60_000, at: Some.moment(second)) != nil) == isHeld, "\(second)")
        }
        #expect(table.grant(for: key(), within: 60_000, at: Some.moment(69, wall: 5)) != nil)
        #expect(table.grant(for: key(), within: 60_000, at: Some.moment(20, boot: 2)) == nil)
    }

    @Test func `a rule that remembers for less finds no older grant`() {
        #expect(table().grant(for: key(), within: 30_000, at: Some.moment(39)) != nil)
        #expect(table().grant(for: key(), within: 30_000, at: Some.moment(40)) == nil)
    }

    @Test func `nothing of the key may differ`() {
        let others = [
            key(account: Some.bob), key(uid: 1002), key(service: "sudo-i"), key(terminal: "pts/4"), key(leader: 78),
            key(start: 6), key(steps: [Step(Some.pin)]), key(steps: [Step(Some.totp), Step(Some.pin)]),
            key(generation: 2),
        ]
        for other in others { #expect(table().grant(for: other, within: 60_000, at: Some.moment(11)) == nil) }
        #expect(table().grant(for: key(), within: 60_000, at: Some.moment(11)) != nil)
    }

    @Test func `using a grant makes it last no longer, passing the modules again does`() {
        var table = table()
        _ = table.grant(for: key(), within: 60_000, at: Some.moment(69))
        #expect(table.grant(for: key(), within: 60_000, at: Some.moment(70)) == nil)
        table.make(key(), for: 60_000, at: Some.moment(50), since: 0)
        #expect(table.grant(for: key(), within: 60_000, at: Some.moment(109)) != nil)
        #expect(table.all.map(\.id) == [2])
    }

    @Test func `a full table makes no grant, and keeps those that it has`() {
        var table = GrantTable(capacity: 2)
        for leader in [1, 2] as [Int32] {
            #expect(table.make(key(leader: leader), for: 60_000, at: Some.moment(10), since: 0) != nil)
        }
        #expect(table.make(key(leader: 3), for: 60_000, at: Some.moment(11), since: 0) == nil)
        #expect(table.make(key(leader: 1), for: 60_000, at: Some.moment(12), since: 0) != nil)
        #expect(table.grant(for: key(leader: 2), within: 60_000, at: Some.moment(12)) != nil)
        // What is over makes room.
        #expect(table.make(key(leader: 3), for: 60_000, at: Some.moment(70), since: 0) != nil)
    }

    @Test func `an account has so many grants and no more, and its oldest makes room`() {
        var table = GrantTable()
        table.make(key(account: Some.bob), for: 60_000, at: Some.moment(10), since: 0)
        let most = Int32(GrantTable.mostPerAccount)
        for leader in 1...most { table.make(key(leader: leader), for: 60_000, at: Some.moment(10), since: 0) }
        // One that it has is renewed in its place.
        table.make(key(leader: 1), for: 60_000, at: Some.moment(11), since: 0)
        #expect(table.all.count == Int(most) + 1)
        table.make(key(leader: most + 1), for: 60_000, at: Some.moment(12), since: 0)
        #expect(table.all.count == Int(most) + 1)
        #expect(table.grant(for: key(leader: 2), within: 60_000, at: Some.moment(12)) == nil)
        for leader in [1, 3, most + 1] {
            #expect(table.grant(for: key(leader: leader), within: 60_000, at: Some.moment(12)) != nil)
        }
        #expect(table.grant(for: key(account: Some.bob), within: 60_000, at: Some.moment(12)) != nil)
    }

    @Test func `what was revoked holds no more, and nobody who began before is remembered`() {
        var table = table()
        table.make(key(account: Some.bob), for: 60_000, at: Some.moment(10), since: 0)
        #expect(table.revoke { $0.key.account == Some.ann }.map(\.key) == [key()])
        #expect(table.grant(for: key(), within: 60_000, at: Some.moment(11)) == nil)
        #expect(table.grant(for: key(account: Some.bob), within: 60_000, at: Some.moment(11)) != nil)
        #expect(table.make(key(), for: 60_000, at: Some.moment(11), since: 0) == nil)
        #expect(table.make(key(), for: 60_000, at: Some.moment(11), since: table.revocations) != nil)
    }

    @Test func `sweeping drops what is over, and what another configuration has granted`() {
        var table = table()
        table.make(key(generation: 2), for: 600_000, at: Some.moment(10), since: 0)
        table.sweep(at: Some.moment(11), generation: 2)
        #expect(table.all.map(\.key.generation) == [2])
        table.drop([key().session])
        #expect(table.all.isEmpty)
    }

    @Test func `a span beyond all counting makes no grant`() {
        var table = GrantTable()
        #expect(table.make(key(), for: .max, at: Some.moment(10), since: 0) == nil)
        #expect(table.make(key(), for: 0, at: Some.moment(10), since: 0) == nil)
    }
}
