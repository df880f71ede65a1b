internal import Authentication
internal import Testing

/// What a change of the sealing key owes.
extension EnrollmentStoreContract {
    private static let provider = ProviderID("homeassistant")

    /// Goes through all rows, so many at a time; returns what came of it, and in how many parts.
    private static func resealAll(_ bench: StoreBench, atMost limit: Int) throws -> (total: Resealed, parts: Int) {
        var total = Resealed()
        var parts = 0
        var row: SealedRow?
        repeat {
            let part = try bench.store.reseal(after: row, atMost: limit)
            total.count += part.count
            total.failures += part.failures
            row = part.next
            parts += 1
        } while row != nil && parts < 1000
        return (total, parts)
    }

    private static func addUser(_ name: AccountName, _ hash: [UInt8], _ bench: StoreBench) throws {
        let key = UserKey(name, at: provider)
        let sealed = try bench.place.sealing.seal(Secret(copying: hash.span), at: key)
        #expect(try bench.store.add(ProviderUser(key: key, sealedHash: sealed, changedAt: 7)))
    }

    /// Whether everything is sealed with the current key, and opens.
    private static func isAllCurrent(_ bench: StoreBench) throws -> Bool {
        let sealing = bench.place.sealing
        var isCurrent = true
        for listing in try bench.store.devices(of: nil) {
            let payload = try sealing.open(listing.device.sealed, at: listing.key)
            isCurrent = isCurrent && sealing.isCurrent(listing.device.sealed) && payload.withBytes { $0[0] == 42 }
        }
        for user in try bench.store.users(of: nil) {
            let hash = try sealing.open(user.sealedHash, at: user.key)
            isCurrent = isCurrent && sealing.isCurrent(user.sealedHash) && hash.count > 0 && user.changedAt == 7
        }
        return isCurrent
    }

    static let resealing = [
        Rule("carries every secret over to another key, a part at a time") { bench throws in
            for number in 0..<7 { try bench.enrol(StoreBench.account("user\(number)"), state: Int64(number)) }
            try addUser(bench.alice, [1, 2, 3], bench)
            try addUser(bench.bob, [4], bench)
            try bench.place.rotateKey()
            #expect(try !isAllCurrent(bench))
            let (total, parts) = try resealAll(bench, atMost: 2)
            #expect(total.count == 9 && total.failures.isEmpty)
            #expect(parts >= 4)
            #expect(try isAllCurrent(bench))
            let states = try bench.store.devices(of: nil).map(\.device.state).sorted()
            #expect(states == [0, 1, 2, 3, 4, 5, 6])
            try bench.restart()
            #expect(try isAllCurrent(bench))
        },
        Rule("has nothing to carry over where everything is sealed with the current key") { bench throws in
            try bench.enrol(bench.alice)
            #expect(try resealAll(bench, atMost: 100).total == Resealed())
        },
        Rule("spends a code once, before its secret is carried over, and after") { bench throws in
            try bench.enrol(bench.alice)
            #expect(try bench.answer("right 7", by: bench.alice) == .accepted(bench.alice))
            try bench.place.rotateKey()
            #expect(try bench.answer("right 8", by: bench.alice) == .accepted(bench.alice))
            #expect(try resealAll(bench, atMost: 1).total.count == 1)
            #expect(try bench.answer("right 8", by: bench.alice) == .rejected(.replayed))
            #expect(try bench.answer("right 9", by: bench.alice) == .accepted(bench.alice))
        },
        Rule("leaves a secret that no key opens as it is, says so, and carries the others over") { bench throws in
            try bench.enrol(bench.alice)
            try bench.enrol(bench.bob)
            let key = DeviceKey(account: bench.alice, module: bench.module.id, device: "broken")
            let broken = Device(name: "broken", sealed: [9, 9, 9], state: 0, createdAt: 0)
            #expect(try !bench.store.add(broken, at: key, uid: 1000))
            try bench.place.rotateKey()
            let (total, _) = try resealAll(bench, atMost: 100)
            #expect(total.count == 2 && total.failures.count == 1)
            let kept = try bench.store.devices(of: bench.alice).first { $0.key == key }
            #expect(kept?.device.sealed == [9, 9, 9])
        },
    ]
}
