import Authentication
import Testing

@Suite struct SessionTableTests {
    static func open(_ session: ValidationSession = Some.session()) throws -> SessionTable {
        var table = SessionTable(capacity: 10, reserve: 2)
        try table.open(session, isRoot: false)
        return table
    }

    @Test(arguments: [(299_999, true), (300_000, true), (300_001, false)] as [(Int64, Bool)])
    func `valid at the deadline and over a millisecond later`(_ time: Int64, _ isValid: Bool) throws {
        var table = try SessionTableTests.open()
        // The wall clock says what it likes.
        let now = Moment(wall: Int64.min, boottime: time, boot: 1)
        let session = Some.session()
        if isValid {
            #expect(try table.check(session.id, account: Some.ann, step: session.step, at: now) == session)
        } else {
            #expect(throws: SessionTable.Failure.expired) {
                try table.check(session.id, account: Some.ann, step: session.step, at: now)
            }
        }
    }

    @Test func `an expired session is gone for good, whatever the clock says next`() throws {
        var table = try SessionTableTests.open()
        let session = Some.session()
        #expect(throws: SessionTable.Failure.expired) {
            try table.check(session.id, account: Some.ann, step: session.step, at: Some.moment(301))
        }
        #expect(table.count == 0)
        #expect(throws: SessionTable.Failure.unknown) {
            try table.check(session.id, account: Some.ann, step: session.step, at: Some.moment(1))
        }
    }

    @Test func `an unknown session, another account's and another step's are one answer`() throws {
        var table = try SessionTableTests.open()
        let (session, now) = (Some.session(), Some.moment(1))
        let other = ValidationSession.ID(high: 0, low: 1)
        #expect(throws: SessionTable.Failure.unknown) {
            try table.check(other, account: Some.ann, step: session.step, at: now)
        }
        #expect(throws: SessionTable.Failure.unknown) {
            try table.check(session.id, account: Some.bob, step: session.step, at: now)
        }
        #expect(throws: SessionTable.Failure.unknown) {
            try table.check(session.id, account: Some.ann, step: Step(Some.pin), at: now)
        }
        // Nor does the wrong one close the right one.
        #expect(try table.check(session.id, account: Some.ann, step: session.step, at: now) == session)
    }

    @Test func `an expired session of somebody else says only that it is unknown`() throws {
        var table = try SessionTableTests.open()
        #expect(throws: SessionTable.Failure.unknown) {
            try table.check(Some.session().id, account: Some.bob, step: Some.session().step, at: Some.moment(400))
        }
    }

    @Test func `a closed session is unknown`() throws {
        var table = try SessionTableTests.open()
        let session = Some.session()
        table.close(session.id)
        table.close(session.id)
        #expect(throws: SessionTable.Failure.unknown) {
            try table.check(session.id, account: Some.ann, step: session.step, at: Some.moment(1))
        }
        #expect(table.refused(session.id) == 0)
    }

    @Test func `refused answers are counted, and the last closes the session`() throws {
        var table = try SessionTableTests.open()
        let session = Some.session()
        #expect(table.refused(session.id) == 2)
        #expect(try table.check(session.id, account: Some.ann, step: session.step, at: Some.moment(1)).triesLeft == 2)
        #expect(table.refused(session.id) == 1)
        #expect(table.refused(session.id) == 0)
        #expect(table.count == 0)
        #expect(throws: SessionTable.Failure.unknown) {
            try table.check(session.id, account: Some.ann, step: session.step, at: Some.moment(1))
        }
    }

    @Test(arguments: [1, 0, -1, Int.min]) func `with one try or none the first refusal is the last`(_ tries: Int) throws
    {
        var table = try SessionTableTests.open(Some.session(tries: tries))
        #expect(table.refused(Some.session().id) == 0)
        #expect(table.count == 0)
    }

    @Test func `uid 0 has a share that nobody else can take`() throws {
        var table = SessionTable(capacity: 5, reserve: 2)
        for low in 1...3 { try table.open(Some.session(UInt64(low)), isRoot: false) }
        #expect(throws: SessionTable.Failure.full) { try table.open(Some.session(4), isRoot: false) }
        try table.open(Some.session(4), isRoot: true)
        try table.open(Some.session(5), isRoot: true)
        #expect(throws: SessionTable.Failure.full) { try table.open(Some.session(6), isRoot: true) }
        #expect(table.count == 5)
        table.close(Some.session(1).id)
        #expect(throws: SessionTable.Failure.full) { try table.open(Some.session(7), isRoot: false) }
    }

    @Test func `an id that is taken is not shared`() throws {
        var table = try SessionTableTests.open()
        #expect(throws: SessionTable.Failure.full) {
            try table.open(Some.session(account: Some.bob), isRoot: true)
        }
        #expect(
            try table.check(Some.session().id, account: Some.ann, step: Some.session().step, at: Some.moment(1)).account
                == Some.ann)
    }

    @Test(arguments: [(0, 0), (-5, 3), (Int.min, Int.max), (Int.max, Int.min), (1, 1)])
    func `no capacity and no reserve trap`(_ capacity: Int, _ reserve: Int) throws {
        var table = SessionTable(capacity: capacity, reserve: reserve)
        #expect(table.capacity >= 1)
        #expect(table.reserve >= 0 && table.reserve <= table.capacity)
        try table.open(Some.session(), isRoot: true)
    }

    @Test func `sweeping drops what is over and nothing else`() throws {
        var table = SessionTable(capacity: 10, reserve: 0)
        try table.open(Some.session(1, deadline: 1000), isRoot: false)
        try table.open(Some.session(2, deadline: 2000), isRoot: false)
        try table.open(Some.session(3, deadline: Int64.max), isRoot: false)
        try table.open(Some.session(4, deadline: Int64.min), isRoot: false)
        #expect(table.sweep(at: Some.moment(2)) == 2)
        #expect(table.count == 2)
        #expect(table.sweep(at: Some.moment(2)) == 0)
    }
}
