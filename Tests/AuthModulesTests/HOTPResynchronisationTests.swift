import AuthModules
import Authentication
import Testing

/// Two codes in a row (RFC 4226 sections 7.4 and E.4).
@Suite struct HOTPResynchronisationTests {
    static let key = HOTPModuleTests.key

    private func pair(_ first: Int64, _ second: Int64? = nil, digits: Int = 6, between: String = " ") throws -> String {
        try code(Self.key, counter: first, digits: digits) + between
            + code(Self.key, counter: second ?? first + 1, digits: digits)
    }

    @Test(arguments: ["", " ", "-", "  ", " - "], 6...8)
    func `are accepted with anything between them that does not count`(between: String, digits: Int) throws {
        var scene = try Scene(token: Self.key, digits: digits)
        #expect(scene.refusal(of: try pair(60, digits: digits, between: between)) == nil)
        #expect(scene.list[0].state == 62)
    }

    @Test func `may have spaces within them`() throws {
        // Counters 0 and 1 of RFC 4226 appendix D.
        for answer in ["755 224 287 082", "755-224 287-082", " 7 5 5 2 2 4 2 8 7 0 8 2 ", "755224287082"] {
            var scene = try Scene(token: Self.key)
            #expect(scene.refusal(of: answer) == nil, "\(answer)")
            #expect(scene.list[0].state == 2)
        }
    }

    @Test(arguments: [(nil, 100), ("0", 0), ("1", 1), ("100", 100), ("1000", 1000)] as [(String?, Int64)])
    func `are looked for as far ahead as resync_window says`(window: (setting: String?, counters: Int64)) throws {
        let settings = window.setting.map { ["resync_window": $0] } ?? [:]
        for first in [0, 1, window.counters - 1, window.counters, window.counters + 1] where first >= 0 {
            var scene = try Scene(token: Self.key, digits: 8, settings)
            let isNear = first <= window.counters
            #expect(scene.refusal(of: try pair(first, digits: 8)) == (isNear ? nil : .wrong), "\(first) ahead")
            #expect(scene.list[0].state == (isNear ? first + 2 : 0))
        }
    }

    @Test(arguments: [(20, 20), (20, 22), (20, 19), (21, 20), (20, 120)] as [(Int64, Int64)])
    func `are refused unless the second follows the first`(first: Int64, second: Int64) throws {
        var scene = try Scene(token: Self.key)
        #expect(scene.refusal(of: try pair(first, second)) == .wrong)
        #expect(scene.list[0].state == 0)
    }

    @Test func `are refused where one is wrong`() throws {
        var scene = try Scene(token: Self.key)
        let code = try code(Self.key, counter: 20)
        for answer in [code + "000000", "000000" + code, "000000000000"] {
            #expect(scene.refusal(of: answer) == .wrong)
        }
        #expect(scene.list[0].state == 0)
    }

    @Test func `are refused where the first lies before the expected counter`() throws {
        var scene = try Scene(token: Self.key, counter: 10)
        #expect(scene.refusal(of: try pair(9)) == .wrong)
        #expect(scene.refusal(of: try pair(7)) == .wrong)
        #expect(scene.list[0].state == 10)
        #expect(scene.refusal(of: try pair(10)) == nil)
    }

    @Test func `are a replay the second time, and so is the last of them`() throws {
        var scene = try Scene(token: Self.key)
        #expect(scene.refusal(of: try pair(60)) == nil)
        #expect(scene.refusal(of: try pair(60)) == .replayed)
        #expect(scene.refusal(of: try code(Self.key, counter: 61)) == .replayed)
        #expect(scene.refusal(of: try code(Self.key, counter: 60)) == .wrong)
        #expect(scene.refusal(of: try code(Self.key, counter: 62)) == nil)
    }

    @Test func `are a replay where both were accepted singly`() throws {
        var scene = try Scene(token: Self.key)
        #expect(scene.refusal(of: try code(Self.key, counter: 0)) == nil)
        #expect(scene.refusal(of: try pair(0)) == .wrong)
        #expect(scene.refusal(of: try code(Self.key, counter: 1)) == nil)
        #expect(scene.refusal(of: try pair(0)) == .replayed)
    }

    @Test func `open no wider window to a single code`() throws {
        var scene = try Scene(token: Self.key, ["resync_window": "1000"])
        for counter in [11, 50, 100] as [Int64] {
            #expect(scene.refusal(of: try code(Self.key, counter: counter)) == .wrong)
        }
    }
}
