import Authentication
import AuthenticationTesting

/// What people, administrators and the machine do to a store, out of a hat: the same in every run.
struct StoreSchedule {
    /// One thing that happens.
    enum Event {
        /// These are judged as one group.
        case group([Attempt])
        case enrol(AccountName, ScriptedModule, device: String, state: Int64, uid: UInt32)
        case remove(DeviceKey)
        case unlock(AccountName)
        case adopt(AccountName, uid: UInt32)
        /// The daemon is stopped, or killed, and started again.
        case restart(isKilled: Bool)
        /// From now on the rows of an account cannot be written; nil once they can again.
        case fault(AccountName?)
        /// From now on the store cannot grow, or can again.
        case full(Bool)
    }

    static let modules = [
        ScriptedModule(ModuleID("totp")), ScriptedModule(ModuleID("totp", id: "work")),
        ScriptedModule(ModuleID("recovery_code"), isLowEntropy: false, resetsThrottle: true),
    ]
    static let hosts = ["192.0.2.7", "198.51.100.1", "2001:db8::/64"]

    private var hat: SeededGenerator
    let accounts: [AccountName]
    /// Names that the directory does not know; the first of them has devices all the same.
    let strangers: [AccountName]
    let clock = ManualClock()

    init(seed: UInt64) throws {
        hat = SeededGenerator(seed: seed)
        accounts = try ["alice", "bob", "carol", "dave"].map { try StoreBench.account($0) }
        strangers = try ["eve", "mallory", "trent"].map { try StoreBench.account($0) }
    }

    mutating func next() throws -> Event {
        switch Int.random(in: 0..<200, using: &hat) {
        case 0...3: return .restart(isKilled: isOnce(in: 2))
        case 4...11:
            return .enrol(
                one(of: accounts + strangers.prefix(1), else: accounts[0]), module(),
                device: one(of: ["phone", "key"], else: "phone"), state: Int64.random(in: 0...20, using: &hat),
                uid: isOnce(in: 12) ? 1001 : 1000)
        case 12...13:
            return .remove(
                DeviceKey(account: account(), module: module().id, device: one(of: ["phone", "key"], else: "")))
        case 14...17: return .unlock(account())
        case 18: return .adopt(account(), uid: 1000)
        case 19...21: return .fault(isOnce(in: 2) ? nil : account())
        case 22...23: return .full(isOnce(in: 3))
        case 24...29:
            pass()
            return try next()
        case _:
            return .group(try (0..<Int.random(in: 1...10, using: &hat)).map { _ in try attempt() })
        }
    }

    /// Time passes; somebody sets the wall clock now and then.
    private mutating func pass() {
        switch Int.random(in: 0..<10, using: &hat) {
        case 0: clock.set(wall: clock.now.wall + Int64.random(in: -100_000...100_000, using: &hat))
        case 1: clock.reboot(after: Int64.random(in: 1...5000, using: &hat))
        case _: clock.advance(seconds: one(of: [1, 31, 61, 700, 4000], else: 1))
        }
    }

    private mutating func attempt() throws -> Attempt {
        let isStranger = isOnce(in: 10)
        let account = isStranger ? one(of: strangers, else: strangers[0]) : account()
        let standing: Attempt.Standing =
            isStranger ? .unknown : isOnce(in: 40) ? .cannotTell : .known(uid: isOnce(in: 40) ? 1001 : 1000)
        let host = isOnce(in: 3) ? StoreSchedule.hosts.randomElement(using: &hat) : nil
        guard !isOnce(in: 10) else {
            let refusal: Reason? = isOnce(in: 2) ? .wrongPassword : nil
            return Attempt(
                .firstFactor(refusal), account: account, standing: standing, host: host, throttle: Throttle(),
                now: clock.now)
        }
        let module = module()
        let session = ValidationSession(
            id: ValidationSession.ID(high: 1, low: 2), account: account, provider: ProviderID("pam"),
            step: Step(module.id), deadline: clock.now.boottime + 300_000, triesLeft: 3)
        return Attempt(
            .answer(answer(), session: session, module: module), account: account, standing: standing, host: host,
            throttle: Throttle(), now: clock.now, namesDevices: isOnce(in: 2))
    }

    private mutating func answer() -> Attempt.Answer {
        switch Int.random(in: 0..<20, using: &hat) {
        case 0: .unusable
        case 1: .repeated
        case 2: .typed("?x")
        case 3: .typed("as mallory")
        case 4: .typed("malformed")
        case 5: .typed("broken")
        case 6...10: .typed("wrong")
        case _: .typed("right \(Int64.random(in: 0...60, using: &hat))")
        }
    }

    private mutating func account() -> AccountName { accounts[Int.random(in: 0..<accounts.count, using: &hat)] }

    private mutating func module() -> ScriptedModule { one(of: StoreSchedule.modules, else: ScriptedModule()) }

    private mutating func isOnce(in count: Int) -> Bool { Int.random(in: 0..<count, using: &hat) == 0 }

    private mutating func one<Value>(of values: [Value], else fallback: Value) -> Value {
        values.randomElement(using: &hat) ?? fallback
    }
}
