internal import Authentication
internal import Testing

/// What every store must do. Each store's tests run all the rules, each at a place of its own.
package enum EnrollmentStoreContract {
    /// One rule, named by what holds.
    package struct Rule: Sendable, CustomTestStringConvertible {
        package let name: String
        package let check: @Sendable (StoreBench) throws -> Void

        init(_ name: String, _ check: @escaping @Sendable (StoreBench) throws -> Void) {
            self.name = name
            self.check = check
        }

        package var testDescription: String { name }
    }

    package static let rules: [Rule] =
        remembering + spending + counting + throttling + accounts + records + credentials + users + blocking + restarts
        + resealing + paging + relayed

    // MARK: Once

    private static let spending = [
        Rule("accepts one of 200 attempts with one code in one group") { bench in
            try bench.enrol(bench.alice)
            let attempts = (0..<200).map { _ in bench.attempt(.typed("right 7"), by: bench.alice) }
            let outcomes = try bench.store.commit(attempts)
            #expect(outcomes.count == 200)
            #expect(outcomes.first == .accepted(bench.alice))
            #expect(outcomes.dropFirst().allSatisfy { $0 == .rejected(.replayed) })
            #expect(try bench.failures(of: bench.alice) == 0)
        },
        Rule("accepts one of 200 attempts with one code in 200 groups") { bench in
            try bench.enrol(bench.alice)
            let outcomes = try (0..<200).map { _ in try bench.answer("right 7", by: bench.alice) }
            #expect(outcomes.filter { $0 == .accepted(bench.alice) }.count == 1)
        },
        Rule("accepts no code before the last one") { bench in
            try bench.enrol(bench.alice)
            #expect(try bench.answer("right 7", by: bench.alice) == .accepted(bench.alice))
            #expect(try bench.answer("right 6", by: bench.alice) == .rejected(.replayed))
            #expect(try bench.answer("right 7", by: bench.alice) == .rejected(.replayed))
            #expect(try bench.answer("right 8", by: bench.alice) == .accepted(bench.alice))
            #expect(try bench.state(of: bench.alice) == 8)
        },
        Rule("gives an outcome for each attempt, in their order") { bench in
            try bench.enrol(bench.alice)
            try bench.enrol(bench.bob)
            let outcomes = try bench.store.commit([
                bench.attempt(.typed("wrong"), by: bench.alice),
                bench.attempt(.typed("right 1"), by: bench.bob),
                bench.attempt(.typed("right 1"), by: bench.alice),
                bench.attempt(.unusable, by: bench.bob),
                bench.attempt(.typed("right 1"), by: bench.bob),
            ])
            #expect(
                outcomes == [
                    .rejected(.wrongAnswer), .accepted(bench.bob), .accepted(bench.alice), .rejected(.unusable),
                    .rejected(.replayed),
                ])
        },
        Rule("has nothing to say of no attempts") { bench throws in
            #expect(try bench.store.commit([]).isEmpty)
        },
        Rule("notes when a device was last used") { bench in
            try bench.enrol(bench.alice)
            bench.clock.advance(seconds: 40)
            try bench.answer("right 1", by: bench.alice)
            #expect(try bench.store.devices(of: bench.alice).first?.device.lastUsedAt == bench.clock.now.wall)
        },
        Rule("spends nothing on an answer for somebody else") { bench in
            try bench.enrol(bench.alice)
            #expect(try bench.answer("as bob", by: bench.alice) == .rejected(.usernameChanged))
            #expect(try bench.state(of: bench.alice) == 0)
        },
        Rule("spends and charges nothing when a module cannot tell") { bench in
            try bench.enrol(bench.alice)
            #expect(try bench.answer("broken", by: bench.alice) == .unavailable(.moduleFailed))
            #expect(try bench.failures(of: bench.alice) == 0)
        },
    ]

    // MARK: Counting

    /// What is answered and is no guess.
    private static let noGuesses: [(answer: Attempt.Answer, reason: Reason)] = [
        (.unusable, .unusable), (.repeated, .repeated), (.typed("?"), .malformed), (.typed("malformed"), .malformed),
        (.typed("replayed"), .replayed),
    ]

    private static let counting = [
        Rule("charges a wrong answer and refunds a right one") { bench in
            try bench.enrol(bench.alice)
            for count in 1...3 {
                #expect(try bench.answer("wrong", by: bench.alice) == .rejected(.wrongAnswer))
                #expect(try bench.failures(of: bench.alice) == count)
            }
            #expect(try bench.answer("right 1", by: bench.alice) == .accepted(bench.alice))
            #expect(try bench.store.counters(of: nil).isEmpty)
        },
        Rule("lowers the failures of the accepted module alone") { bench in
            let pin = ScriptedModule(ModuleID("pin"))
            try bench.enrol(bench.alice)
            try bench.enrol(bench.alice, with: pin)
            try bench.answer("wrong", by: bench.alice)
            try bench.answer("wrong", by: bench.alice, with: pin)
            #expect(try bench.answer("right 1", by: bench.alice, with: pin) == .accepted(bench.alice))
            let counters = try bench.store.counters(of: bench.alice)
            #expect(counters.map(\.module) == [bench.module.id])
            #expect(counters.first?.counter == FailureCounter(failures: 1, last: bench.clock.now))
        },
        Rule("charges nobody a thousand times for what is no guess") { bench in
            try bench.enrol(bench.alice)
            for row in noGuesses {
                let attempts = (0..<1000).map { _ in bench.attempt(row.answer, by: bench.alice, host: bench.host) }
                #expect(try bench.store.commit(attempts).allSatisfy { $0 == .rejected(row.reason) })
            }
            #expect(try bench.store.counters(of: nil).isEmpty)
            #expect(try bench.answer("right 1", by: bench.alice, host: bench.host) == .accepted(bench.alice))
        },
        Rule("counts what is no guess for the remote host") { bench in
            try bench.enrol(bench.alice)
            for row in noGuesses {
                let host = "2001:db8:\(row.reason)::"
                for _ in 0..<HostCounter.limit {
                    _ = try bench.judge(bench.attempt(row.answer, by: bench.alice, host: host))
                }
                #expect(try bench.firstFactor(nil, by: bench.alice, from: host) == .rejected(.hostRefused))
            }
        },
        Rule("refuses a remote host after 30 failures, for logins without evidence alone") { bench in
            try bench.enrol(bench.alice)
            for _ in 0..<HostCounter.limit {
                #expect(
                    try bench.firstFactor(.wrongPassword, by: bench.bob, from: bench.host)
                        == .rejected(.wrongPassword))
            }
            #expect(try bench.firstFactor(nil, by: bench.bob, from: bench.host) == .rejected(.hostRefused))
            #expect(try bench.firstFactor(nil, by: bench.bob, from: "192.0.2.8") == .accepted(bench.bob))
            #expect(try bench.firstFactor(nil, by: bench.bob, from: nil) == .accepted(bench.bob))
            #expect(try bench.answer("right 1", by: bench.alice, host: bench.host) == .accepted(bench.alice))
            bench.clock.advance(seconds: HostCounter.window)
            #expect(try bench.firstFactor(nil, by: bench.bob, from: bench.host) == .accepted(bench.bob))
        },
    ]

    // MARK: Throttle

    private static let throttling = [
        Rule("delays by the sum over modules, and the right answer too, without charging it") { bench in
            let pin = ScriptedModule(ModuleID("pin"))
            try bench.enrol(bench.alice)
            try bench.enrol(bench.alice, with: pin)
            for _ in 0..<3 { try bench.answer("wrong", by: bench.alice) }
            for _ in 0..<2 { try bench.answer("wrong", by: bench.alice, with: pin) }
            #expect(try bench.answer("wrong", by: bench.alice) == .delayed(seconds: 30, after: .wrongAnswer))
            #expect(try bench.answer("right 1", by: bench.alice) == .delayed(seconds: 30, after: nil))
            #expect(try bench.answer("right 1", by: bench.alice, with: pin) == .delayed(seconds: 30, after: nil))
            #expect(try bench.failures(of: bench.alice) == 6)
            bench.clock.advance(seconds: 29)
            #expect(try bench.answer("right 1", by: bench.alice) == .delayed(seconds: 1, after: nil))
            bench.clock.advance(seconds: 1)
            #expect(try bench.answer("right 1", by: bench.alice) == .accepted(bench.alice))
            #expect(try bench.failures(of: bench.alice) == 2)
        },
        Rule("counts for nobody what is tried behind a block, and goes on from what was failed before") { bench in
            func isDelayed(_ standing: Attempt.Standing) throws -> Bool {
                guard case .delayed = try bench.answer("wrong", by: bench.alice, standing: standing) else {
                    return false
                }
                return true
            }
            try bench.enrol(bench.alice)
            for _ in 1...6 { _ = try bench.answer("wrong", by: bench.alice) }
            #expect(try isDelayed(.unknown))
            #expect(try bench.store.unlock(bench.alice) == 6)
            #expect(try !isDelayed(.unknown))
            for _ in 1...5 { _ = try bench.answer("wrong", by: bench.alice, standing: .unknown) }
            #expect(try isDelayed(.unknown))
            #expect(try bench.failures(of: bench.alice) == 0)
            // Open once it is somebody's again, and then as nobody's, too.
            #expect(try !isDelayed(.known(uid: 1000)))
            #expect(try !isDelayed(.unknown))
            #expect(try bench.failures(of: bench.alice) == 1)
            for _ in 1...5 { _ = try bench.answer("wrong", by: bench.alice, standing: .unknown) }
            #expect(try bench.store.unlock(bench.alice) == 6)
            #expect(try !isDelayed(.unknown))
            // Where a block ends, so does what was failed behind it, though nobody has logged in before the next one.
            _ = try bench.store.block(AccountBlock(account: bench.alice, reason: "", since: 1))
            for _ in 1...6 { _ = try bench.answer("wrong", by: bench.alice, standing: .unknown) }
            #expect(try isDelayed(.unknown))
            #expect(try bench.store.unblock(bench.alice))
            #expect(try !isDelayed(.unknown))
        },
        Rule("locks at 50 failures until it is unlocked") { bench in
            try bench.enrol(bench.alice)
            for _ in 0..<Throttle().lockAt {
                try bench.answer("wrong", by: bench.alice)
                bench.clock.advance(seconds: 3600)
            }
            #expect(try bench.answer("right 1", by: bench.alice) == .locked(after: nil))
            #expect(try bench.failures(of: bench.alice) == 50)
            #expect(try bench.store.unlock(bench.alice) == 50)
            #expect(try bench.store.unlock(bench.alice) == 0)
            #expect(try bench.answer("right 1", by: bench.alice) == .accepted(bench.alice))
        },
        Rule("lets no group of guesses outrun the counter") { bench in
            try bench.enrol(bench.alice)
            let attempts = (0..<200).map { _ in bench.attempt(.typed("wrong"), by: bench.alice) }
            let outcomes = try bench.store.commit(attempts)
            #expect(outcomes.filter { $0 == .delayed(seconds: 30, after: nil) }.count == 194)
            #expect(try bench.failures(of: bench.alice) == 6)
        },
        Rule("takes a recovery code while the account is locked, and forgets all failures for it") { bench in
            let recovery = ScriptedModule(ModuleID("recovery"), isLowEntropy: false, resetsThrottle: true)
            try bench.enrol(bench.alice)
            try bench.enrol(bench.alice, with: recovery)
            for _ in 0..<Throttle().lockAt {
                try bench.answer("wrong", by: bench.alice)
                bench.clock.advance(seconds: 3600)
            }
            #expect(try bench.answer("right 1", by: bench.alice, with: recovery) == .accepted(bench.alice))
            #expect(try bench.store.counters(of: nil).isEmpty)
            #expect(try bench.answer("right 1", by: bench.alice) == .accepted(bench.alice))
        },
    ]

    // MARK: Accounts

    private static let accounts = [
        Rule("cannot tell of an account whose uid has changed") { bench in
            try bench.enrol(bench.alice, uid: 1000)
            let outcome = try bench.answer("right 1", by: bench.alice, standing: .known(uid: 1001))
            #expect(outcome == .unavailable(.accountChanged))
            #expect(try bench.answer("right 1", by: bench.alice) == .accepted(bench.alice))
        },
        Rule("cannot tell of an account that has devices of two uids") { bench in
            try bench.enrol(bench.alice, device: "a", uid: 1000)
            try bench.enrol(bench.alice, device: "b", uid: 1001)
            for uid: UInt32 in [1000, 1001] {
                let outcome = try bench.answer("right 1", by: bench.alice, standing: .known(uid: uid))
                #expect(outcome == .unavailable(.accountChanged))
            }
        },
        Rule("cannot tell where the directory cannot") { bench in
            try bench.enrol(bench.alice)
            let outcome = try bench.answer("right 1", by: bench.alice, standing: .cannotTell)
            #expect(outcome == .unavailable(.directoryUnavailable))
        },
        Rule("says not enrolled of an account that has nothing, and charges it") { bench throws in
            #expect(try bench.answer("right 1", by: bench.alice) == .rejected(.notEnrolled))
            #expect(try bench.failures(of: bench.alice) == 1)
        },
        Rule("treats an unknown name like a known one, and keeps no row of it") { bench in
            // What a deleted account has left in the store opens nothing.
            try bench.enrol(bench.alice)
            for _ in 0..<5 {
                let outcome = try bench.answer("right 1", by: bench.alice, standing: .unknown, host: bench.host)
                #expect(outcome == .rejected(.unknownAccount))
            }
            let sixth = try bench.answer("right 1", by: bench.alice, standing: .unknown)
            #expect(sixth == .delayed(seconds: 30, after: .unknownAccount))
            let seventh = try bench.answer("right 1", by: bench.alice, standing: .unknown)
            #expect(seventh == .delayed(seconds: 30, after: nil))
            #expect(try bench.store.counters(of: nil).isEmpty)
            #expect(try bench.store.unlock(bench.alice) == 6)
        },
        Rule("keeps names apart that differ in case, or in the form of their letters") { bench in
            let names = try ["alice", "Alice", "\u{e9}mile", "e\u{301}mile"].map(StoreBench.account)
            for name in names { #expect(try !bench.enrol(name)) }
            for name in names {
                #expect(try bench.answer("right 1", by: name) == .accepted(name))
                #expect(try bench.store.devices(of: name).count == 1)
            }
            #expect(try bench.store.devices(of: nil).count == 4)
        },
    ]

    // MARK: Records

    private static let records = [
        Rule("adds a device, or replaces the one of that name, and says which") { bench in
            #expect(try !bench.enrol(bench.alice, device: "phone", state: 3))
            #expect(try !bench.enrol(bench.alice, device: "key"))
            #expect(try bench.enrol(bench.alice, device: "phone", state: 9))
            let names = try bench.store.devices(of: bench.alice).map(\.key.device).sorted()
            #expect(names == ["key", "phone"])
            #expect(try bench.state(of: bench.alice) == 9)
        },
        Rule("counts accounts and devices, and no code that was handed out") { bench in
            #expect(try bench.store.extent() == StoreExtent(accounts: 0, devices: 0))
            try bench.enrol(bench.alice, device: "phone")
            try bench.enrol(bench.alice, device: "key")
            try bench.enrol(bench.bob)
            try bench.enrol(bench.bob, with: ScriptedModule(.ticket))
            #expect(try bench.store.extent() == StoreExtent(accounts: 2, devices: 3))
        },
        Rule("knows when an answer was last accepted, whoever's it was") { bench in
            #expect(try bench.store.lastUse() == nil)
            try bench.enrol(bench.alice)
            #expect(try bench.store.lastUse() == nil)
            for (name, account, used) in [("old", bench.alice, 5), ("new", bench.bob, 9), ("older", bench.alice, 3)] {
                let key = DeviceKey(account: account, module: bench.module.id, device: name)
                let device = Device(name: name, sealed: [1], state: 0, createdAt: 0, lastUsedAt: Int64(used))
                _ = try bench.store.add(device, at: key, uid: 1001)
            }
            #expect(try bench.store.lastUse() == 9)
        },
        Rule("removes a device, and says whether there was one") { bench in
            try bench.enrol(bench.alice)
            let key = DeviceKey(account: bench.alice, module: bench.module.id, device: "phone")
            #expect(try bench.store.remove(key))
            #expect(try !bench.store.remove(key))
            #expect(try bench.answer("right 1", by: bench.alice) == .rejected(.notEnrolled))
        },
        Rule("gives back a device as it was added") { bench throws in
            let key = DeviceKey(
                account: bench.alice, module: ModuleID("totp", id: "work"), device: "T\u{e9}l\u{e9}phone")
            let device = Device(name: key.device, sealed: [0, 255, 7], state: .min, createdAt: -1, lastUsedAt: .max)
            #expect(try !bench.store.add(device, at: key, uid: .max - 1))
            #expect(
                try bench.store.devices(of: bench.alice) == [DeviceListing(key: key, device: device, uid: .max - 1)])
        },
        Rule("keeps the devices and failures of two modules of one type apart") { bench in
            let work = ScriptedModule(ModuleID("scripted", id: "work"))
            try bench.enrol(bench.alice)
            try bench.enrol(bench.alice, with: work)
            #expect(try bench.answer("right 5", by: bench.alice) == .accepted(bench.alice))
            #expect(try bench.answer("right 5", by: bench.alice, with: work) == .accepted(bench.alice))
            try bench.answer("wrong", by: bench.alice, with: work)
            #expect(try bench.store.counters(of: nil).map(\.module) == [work.id])
        },
        Rule("refuses an empty id, which would be no id") { bench throws in
            let nameless = ScriptedModule(ModuleID("scripted", id: ""))
            #expect(throws: StoreFailure.self) { try bench.enrol(bench.alice, with: nameless) }
            #expect(try bench.answer("right 1", by: bench.alice, with: nameless) == .unavailable(.misconfigured))
        },
        Rule("adds many devices at once, replacing those of their names, or none of them") { bench throws in
            func listing(_ account: AccountName, _ module: ModuleID, state: Int64) throws -> DeviceListing {
                let key = DeviceKey(account: account, module: module, device: "phone")
                let payload: [UInt8] = [42]
                let sealed = try bench.place.sealing.seal(Secret(copying: payload.span), at: key)
                return DeviceListing(
                    key: key, device: Device(name: "phone", sealed: sealed, state: state, createdAt: 1), uid: 1000)
            }
            try bench.enrol(bench.alice)
            let both = [
                try listing(bench.alice, bench.module.id, state: 3), try listing(bench.bob, bench.module.id, state: 4),
            ]
            let nameless = try listing(bench.bob, ModuleID("scripted", id: ""), state: 0)
            #expect(throws: StoreFailure.self) { try bench.store.add(both + [nameless]) }
            #expect(try bench.state(of: bench.alice) == 0)
            #expect(try bench.state(of: bench.bob) == nil)
            try bench.store.add(both)
            #expect(try bench.state(of: bench.alice) == 3)
            #expect(try bench.state(of: bench.bob) == 4)
            #expect(try bench.answer("right 3", by: bench.alice) == .rejected(.replayed))
            #expect(try bench.answer("right 5", by: bench.bob) == .accepted(bench.bob))
        },
        Rule("forgets wrong tickets of an account that gets a device, and no other failures") { bench in
            let ticket = ScriptedModule(.ticket)
            for account in [bench.alice, bench.bob] {
                try bench.answer("wrong", by: account, with: ticket)
                try bench.answer("wrong", by: account)
            }
            // What stands in for a device is none.
            try bench.enrol(bench.alice, with: ScriptedModule(.bypass))
            #expect(try bench.store.counters(of: bench.alice).count == 2)
            try bench.enrol(bench.alice)
            #expect(try bench.store.counters(of: bench.alice).map(\.module) == [bench.module.id])
            #expect(try bench.store.counters(of: bench.bob).count == 2)
            try bench.store.add(
                try bench.store.devices(of: bench.alice).map { found in
                    let key = DeviceKey(account: bench.bob, module: found.key.module, device: found.key.device)
                    return DeviceListing(key: key, device: found.device, uid: found.uid)
                }.filter { !$0.key.module.isStopgap })
            #expect(try bench.store.counters(of: bench.bob).map(\.module) == [bench.module.id])
        },
        Rule("opens no secret that was sealed for another place") { bench in
            let elsewhere = DeviceKey(account: bench.bob, module: bench.module.id, device: "phone")
            let payload: [UInt8] = [42]
            let sealed = try bench.place.sealing.seal(Secret(copying: payload.span), at: elsewhere)
            let key = DeviceKey(account: bench.alice, module: bench.module.id, device: "phone")
            let device = Device(name: "phone", sealed: sealed, state: 0, createdAt: 0)
            #expect(try !bench.store.add(device, at: key, uid: 1000))
            #expect(try bench.answer("right 1", by: bench.alice) == .unavailable(.moduleFailed))
            #expect(try bench.failures(of: bench.alice) == 0)
        },
    ]

    // MARK: Blocks and uids

    private static let blocking = [
        Rule("blocks an account once, for the reason given last, and unblocks it") { bench throws in
            let first = AccountBlock(account: bench.bob, reason: "", since: 5)
            let second = AccountBlock(account: bench.bob, reason: "gestohlen, \u{1F511}", since: 7)
            let other = AccountBlock(account: bench.alice, reason: "left", since: 6)
            #expect(try bench.store.blocks().isEmpty)
            #expect(try !bench.store.block(first))
            #expect(try !bench.store.block(other))
            #expect(try bench.store.block(second))
            try bench.restart()
            #expect(try bench.store.blocks() == [other, second])
            #expect(try bench.store.unblock(bench.bob))
            #expect(try !bench.store.unblock(bench.bob))
            #expect(try bench.store.blocks() == [other])
        },
        Rule("gives the devices of an account to another uid, and nobody else's") { bench in
            try bench.enrol(bench.alice, device: "phone", uid: 1000)
            try bench.enrol(bench.alice, device: "key", uid: 1001)
            try bench.enrol(bench.bob, uid: 1001)
            #expect(try bench.answer("right 1", by: bench.alice) == .unavailable(.accountChanged))
            #expect(try bench.store.adopt(bench.alice, uid: 1000) == 1)
            #expect(try bench.store.adopt(bench.alice, uid: 1000) == 0)
            #expect(try bench.store.devices(of: bench.alice).map(\.uid) == [1000, 1000])
            #expect(try bench.store.devices(of: bench.bob).map(\.uid) == [1001])
            #expect(try bench.answer("right 2", by: bench.alice) == .accepted(bench.alice))
        },
        Rule("tells what a host has failed") { bench in
            #expect(try bench.store.hostCounter(of: bench.host) == HostCounter())
            for _ in 0..<3 { try bench.firstFactor(.wrongPassword, by: bench.alice, from: bench.host) }
            #expect(try bench.store.hostCounter(of: bench.host).failures == 3)
        },
    ]

    // MARK: Restarts

    private static let restarts = [
        Rule("remembers after a restart what was spent and what had failed") { bench in
            try bench.enrol(bench.alice)
            try bench.enrol(bench.bob)
            try bench.answer("right 7", by: bench.alice)
            for _ in 0..<6 { try bench.answer("wrong", by: bench.bob) }
            let user = UserKey(bench.alice, at: ProviderID("linux"))
            _ = try bench.store.link(user, to: bench.alice, at: bench.clock.now)
            let (first, second) = (try bench.user("alice", hash: "one"), try bench.user("\u{1F511}", hash: "two"))
            for user in [first, second] { #expect(try bench.store.add(user)) }
            try bench.restart()
            #expect(try bench.answer("right 7", by: bench.alice) == .rejected(.replayed))
            #expect(try bench.answer("right 1", by: bench.bob) == .delayed(seconds: 30, after: nil))
            #expect(try bench.store.credentials(of: user) == bench.alice)
            #expect(try bench.store.users(of: nil) == [first, second])
            #expect(try bench.hash(of: first.key) == "one")
            #expect(try bench.hash(of: second.key) == "two")
        },
        Rule("keeps a delay over a reboot, by the wall clock") { bench in
            try bench.enrol(bench.alice)
            for _ in 0..<8 {
                try bench.answer("wrong", by: bench.alice)
                bench.clock.advance(seconds: 60)
            }
            #expect(try bench.answer("wrong", by: bench.alice) == .delayed(seconds: 60, after: nil))
            try bench.restart()
            bench.clock.reboot(after: 20)
            #expect(try bench.answer("right 1", by: bench.alice) == .delayed(seconds: 40, after: nil))
            bench.clock.advance(seconds: 40)
            #expect(try bench.answer("right 1", by: bench.alice) == .accepted(bench.alice))
        },
        Rule("keeps a delay over a reboot whose clock begins in 1970") { bench in
            try bench.enrol(bench.alice)
            for _ in 0..<6 { try bench.answer("wrong", by: bench.alice) }
            bench.clock.reboot(after: 0)
            bench.clock.set(wall: 0)
            #expect(try bench.answer("right 1", by: bench.alice) == .delayed(seconds: 30, after: nil))
        },
    ]
}
