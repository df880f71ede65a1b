package import Authentication

/// Where a store can be opened again after it was closed: what a restart leaves.
package protocol StorePlace: AnyObject {
    var sealing: any SecretSealing { get }
    /// Seals with another key from now on; the one before still opens what it has sealed.
    func rotateKey() throws
    /// Opens the store, after closing the one that was opened before.
    func open() throws -> any EnrollmentStore
}

/// A place in memory: there is nothing to close.
package final class InMemoryPlace: StorePlace {
    private let plain = PlainSealing()
    package var sealing: any SecretSealing { plain }
    private let store: InMemoryEnrollmentStore

    package init() { store = InMemoryEnrollmentStore(sealing: plain) }

    package func rotateKey() { plain.rotate() }

    package func open() -> any EnrollmentStore { store }
}

/// What a rule of the contract works with: a store, a clock, and short words for what people do.
package final class StoreBench {
    package let place: any StorePlace
    package private(set) var store: any EnrollmentStore
    package let clock = ManualClock()
    package let module = ScriptedModule()
    package let alice: AccountName
    package let bob: AccountName
    package let host = "192.0.2.7"

    /// What is wrong with the bench itself.
    package struct Broken: Error {
        package let explanation: String
    }

    package init(_ place: any StorePlace) throws {
        self.place = place
        store = try place.open()
        alice = try StoreBench.account("alice")
        bob = try StoreBench.account("bob")
    }

    package static func account(_ text: String) throws -> AccountName {
        guard let account = AccountName(text) else { throw Broken(explanation: "\(text) is no name") }
        return account
    }

    /// The daemon is started again.
    package func restart() throws { store = try place.open() }

    /// Adds a device whose payload is one byte, sealed for its place.
    @discardableResult
    package func enrol(
        _ account: AccountName, with module: ScriptedModule? = nil, device: String = "phone", state: Int64 = 0,
        uid: UInt32 = 1000
    ) throws -> Bool {
        let key = DeviceKey(account: account, module: (module ?? self.module).id, device: device)
        let payload: [UInt8] = [42]
        let sealed = try place.sealing.seal(Secret(copying: payload.span), at: key)
        let record = Device(name: device, sealed: sealed, state: state, createdAt: clock.now.wall)
        return try store.add(record, at: key, uid: uid)
    }

    package func attempt(
        _ answer: Attempt.Answer, by account: AccountName, with module: ScriptedModule? = nil,
        standing: Attempt.Standing = .known(uid: 1000), host: String? = nil, relay: String? = nil,
        share: RelayShare = .proved, pairing: Attempt.Pairing = .alone, isConclusive: Bool = true
    ) -> Attempt {
        let module = module ?? self.module
        let session = ValidationSession(
            id: ValidationSession.ID(high: 1, low: 2), account: account, provider: ProviderID("pam"),
            step: Step(module.id), deadline: clock.now.boottime + 300_000, triesLeft: 3)
        return Attempt(
            .answer(answer, session: session, module: module), account: account, standing: standing, host: host,
            throttle: Throttle(), now: clock.now, pairing: pairing, isConclusive: isConclusive, relay: relay,
            share: share)
    }

    /// One answer, in a group of its own.
    @discardableResult
    package func answer(
        _ text: String, by account: AccountName, with module: ScriptedModule? = nil,
        standing: Attempt.Standing = .known(uid: 1000), host: String? = nil
    ) throws -> Outcome {
        try judge(attempt(.typed(text), by: account, with: module, standing: standing, host: host))
    }

    /// One first factor, in a group of its own; `refusal` is what the provider found wrong with it.
    @discardableResult
    package func firstFactor(_ refusal: Reason?, by account: AccountName, from host: String?) throws -> Outcome {
        try judge(
            Attempt(
                .firstFactor(refusal), account: account, standing: .known(uid: 1000), host: host,
                throttle: Throttle(), now: clock.now))
    }

    package func judge(_ attempt: Attempt) throws -> Outcome {
        let outcomes = try store.commit([attempt])
        guard let outcome = outcomes.first, outcomes.count == 1 else {
            throw Broken(explanation: "\(outcomes.count) outcomes for one attempt")
        }
        return outcome
    }

    /// The failures of an account, summed up.
    package func failures(of account: AccountName) throws -> Int {
        try store.counters(of: account).reduce(0) { $0 + $1.counter.failures }
    }

    /// What the account's device has spent.
    package func state(of account: AccountName, device: String = "phone") throws -> Int64? {
        try store.devices(of: account).first { $0.key.device == device }?.device.state
    }

    // MARK: Users of providers

    /// A user whose hash is sealed for its place; the hash is any text.
    package func user(
        _ name: String, at provider: ProviderID = ProviderID("homeassistant"), hash: String
    ) throws -> ProviderUser {
        let key = UserKey(try StoreBench.account(name), at: provider)
        let sealed = try place.sealing.seal(Secret(copying: Array(hash.utf8).span), at: key)
        return ProviderUser(key: key, sealedHash: sealed, changedAt: clock.now.wall)
    }

    /// The hash that providers see; nil if they see none.
    package func hash(of user: UserKey) throws -> String? {
        guard let hash = try store.userDatabase.passwordHash(of: user) else { return nil }
        return hash.withBytes { span in String(decoding: span.indices.map { span[$0] }, as: UTF8.self) }
    }
}
