import RelayProtocol
import Testing

/// A login whose transitions may stand within an expectation.
private final class Journey {
    private var login = UpstreamLogin(at: 0)

    var state: UpstreamLogin.State { login.state }
    var hub: Int? { login.hub }

    func begin(_ choice: HubChoice, at now: Int64) -> UpstreamLogin.Action { login.begin(choice, at: now) }

    func wasTaken(by hub: Int) { login.wasTaken(by: hub) }

    func heard(from hub: Int) -> Bool { login.heard(from: hub) }

    func answers() -> Int? { login.answers() }

    func lost(_ hub: Int, _ choice: HubChoice, at now: Int64) -> UpstreamLogin.Action {
        login.lost(hub, choice, at: now)
    }

    func silentHub(at now: Int64) -> Int? { login.silentHub(at: now) }
}

@Suite struct UpstreamLoginTests {
    // MARK: Which hub

    @Test func `the first hub that is well gets the login`() {
        var choice = HubChoice(count: 3)
        #expect(choice.next(after: []) == 0)
        choice.answered(1)
        #expect(choice.next(after: []) == 1)
        choice.answered(0)
        #expect(choice.next(after: []) == 0)
        #expect(choice.next(after: [0]) == 1)
        #expect(choice.next(after: [0, 1]) == 2)
        #expect(choice.next(after: [0, 1, 2]) == nil)
    }

    @Test func `a hub that is lost is left alone, longer each time, unless there is no other`() {
        var choice = HubChoice(count: 2)
        choice.lost(0, at: 0)
        #expect(!choice.isDue(0, at: 999))
        #expect(choice.isDue(0, at: 1000))
        #expect(choice.next(after: []) == 1)
        choice.lost(1, at: 0)
        #expect(choice.next(after: []) == 0)
        for _ in 0..<100 { choice.lost(0, at: 0) }
        #expect(!choice.isDue(0, at: HubChoice.pauses.upperBound - 1))
        #expect(choice.isDue(0, at: HubChoice.pauses.upperBound))
        choice.answered(0)
        choice.lost(0, at: 0)
        #expect(choice.isDue(0, at: 1000))
    }

    @Test func `hubs that there are not change nothing`() {
        var choice = HubChoice(count: 0)
        choice.answered(7)
        choice.lost(-1, at: 0)
        #expect(choice.next(after: []) == nil)
        #expect(HubChoice(count: -1).count == 0)
    }

    // MARK: When a login may move

    private var twoWell: HubChoice {
        var choice = HubChoice(count: 2)
        choice.answered(0)
        choice.answered(1)
        return choice
    }

    @Test func `a hub that says nothing in time is left for the next, and then for none`() {
        let login = Journey()
        #expect(login.begin(twoWell, at: 0) == .begin(hub: 0))
        #expect(login.silentHub(at: UpstreamLogin.patience - 1) == nil)
        #expect(login.silentHub(at: UpstreamLogin.patience) == 0)
        #expect(login.lost(0, twoWell, at: UpstreamLogin.patience) == .begin(hub: 1))
        #expect(login.silentHub(at: 2 * UpstreamLogin.patience - 1) == nil)
        #expect(login.silentHub(at: 2 * UpstreamLogin.patience) == 1)
        #expect(login.lost(1, twoWell, at: 2 * UpstreamLogin.patience) == .refuse)
        #expect(login.state == .over)
    }

    @Test func `a hub that has taken the login is lost before it has asked anything: the next one begins`() {
        let login = Journey()
        _ = login.begin(twoWell, at: 0)
        login.wasTaken(by: 0)
        #expect(login.silentHub(at: .max) == nil)
        #expect(login.lost(0, twoWell, at: 10) == .begin(hub: 1))
    }

    @Test(arguments: [false, true])
    func `once something was shown the login is that hub's, answered or not`(_ isAnswered: Bool) {
        let login = Journey()
        _ = login.begin(twoWell, at: 0)
        login.wasTaken(by: 0)
        #expect(login.heard(from: 0))
        if isAnswered { #expect(login.answers() == 0) }
        #expect(login.lost(1, twoWell, at: 10) == .nothing)
        #expect(login.lost(0, twoWell, at: 10) == .refuse)
        #expect(login.lost(0, twoWell, at: 10) == .nothing)
        #expect(login.answers() == nil)
    }

    @Test func `an answer goes to nobody who has asked nothing`() {
        let login = Journey()
        #expect(login.answers() == nil)
        _ = login.begin(twoWell, at: 0)
        #expect(login.answers() == nil)
        login.wasTaken(by: 0)
        #expect(login.answers() == nil)
    }

    @Test func `a hub that was left is not heard any more`() {
        let login = Journey()
        _ = login.begin(twoWell, at: 0)
        _ = login.lost(0, twoWell, at: 0)
        #expect(!login.heard(from: 0))
        login.wasTaken(by: 0)
        #expect(login.state == .asking(hub: 1))
    }

    @Test func `nobody looks for a hub longer than the module waits`() {
        let login = Journey()
        _ = login.begin(twoWell, at: 0)
        #expect(login.lost(0, twoWell, at: UpstreamLogin.limit) == .refuse)
    }

    @Test func `however events come, an answer goes to one hub, and a login that was answered to no other`() {
        let events = 6
        for sequence in 0..<Int(46_656) {
            let login = Journey()
            var answered: Set<Int> = []
            var begun: [Int] = []
            var number = sequence
            for _ in 0..<6 {
                var action = UpstreamLogin.Action.nothing
                switch number % events {
                case 0: action = login.begin(twoWell, at: 0)
                case 1: login.wasTaken(by: login.hub ?? 0)
                case 2: _ = login.heard(from: login.hub ?? 0)
                case 3: if let hub = login.answers() { answered.insert(hub) }
                case 4: action = login.lost(login.hub ?? 0, twoWell, at: 1)
                default: action = login.lost(1, twoWell, at: 1)
                }
                if case .begin(let hub) = action {
                    #expect(answered.isEmpty)
                    begun.append(hub)
                }
                number /= events
            }
            #expect(answered.count <= 1)
            #expect(Set(begun).count == begun.count)
        }
    }
}
