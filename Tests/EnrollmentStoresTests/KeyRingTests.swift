import Authentication
import AuthenticationTesting
import EnrollmentStores
import Testing

@Suite("The keys of a store")
struct KeyRingTests {
    let folder: TemporaryFolder
    let place: UserKey
    private let hash: [UInt8] = [1, 2, 3]

    init() throws {
        folder = try TemporaryFolder()
        place = UserKey(try StoreBench.account("alice"), at: ProviderID("homeassistant"))
    }

    private func sealer(_ name: String) throws -> Sealer {
        try Sealer(SealingKey.generate("\(folder.path)/\(name)"))
    }

    @Test func `seals with the latest key, and opens what those before have sealed`() throws {
        let (first, second) = (try sealer("first"), try sealer("second"))
        let ring = KeyRing(first)
        let old = try ring.seal(Secret(copying: hash.span), at: place)
        #expect(ring.isCurrent(old) && ring.current == first.id && ring.former.isEmpty)
        ring.rotate(to: second)
        #expect(!ring.isCurrent(old) && ring.current == second.id && ring.former == [first.id])
        let new = try ring.seal(Secret(copying: hash.span), at: place)
        #expect(ring.isCurrent(new) && second.isCurrent(new) && first.isCurrent(old))
        for sealed in [old, new] { #expect(try ring.open(sealed, at: place).count == 3) }
        #expect(throws: StoreFailure.self) { _ = try first.open(new, at: place) }
    }

    @Test func `keeps every key until it is told that none but the latest is needed`() throws {
        let sealers = try ["a", "b", "c"].map(sealer)
        let ring = KeyRing(sealers[0])
        var sealed = [try ring.seal(Secret(copying: hash.span), at: place)]
        for sealer in sealers.dropFirst() {
            ring.rotate(to: sealer)
            ring.rotate(to: sealer)
            sealed.append(try ring.seal(Secret(copying: hash.span), at: place))
        }
        #expect(ring.former == [sealers[1].id, sealers[0].id])
        for sealed in sealed { #expect(try ring.open(sealed, at: place).count == 3) }
        ring.retire()
        #expect(ring.former.isEmpty)
        #expect(try ring.open(sealed[2], at: place).count == 3)
        let words =
            "the password of alice at homeassistant is sealed with another key: \(sealers[0].id) and not \(ring.current)"
        #expect(throws: StoreFailure.sealedWithAnotherKey(words)) { _ = try ring.open(sealed[0], at: place) }
    }

    @Test(arguments: [[], [1], [9, 9, 9, 9, 9, 9]] as [[UInt8]])
    func `takes nothing for sealed that no key has sealed`(_ bytes: [UInt8]) throws {
        let ring = KeyRing(try sealer("key"))
        #expect(!ring.isCurrent(bytes))
        #expect(throws: StoreFailure.self) { _ = try ring.open(bytes, at: place) }
    }

    @Test func `tells a key's text and id again from its file`() throws {
        let path = "\(folder.path)/key"
        let id = try Sealer(SealingKey.generate(path)).id
        #expect(id.utf8.count == 8)
        let key = try SealingKey.read(path)
        #expect(try Sealer(key).id == id)
        #expect(key.text.count == 65)
    }
}
