import Authentication
import NIOCore

/// What logins ask the store.
extension LoginService {
    /// The devices of an account, every one of them; nil if that cannot be told.
    func devices(of account: AccountName, deliver: @escaping ([DeviceListing]?) -> Void) {
        ask { store throws(StoreFailure) in
            try store.holdings(of: account)
        } deliver: {
            deliver(try? $0.get())
        }
    }

    /// The devices of an account, whether one of them is a code of `bypass` that is still good, and whether these are all that it may
    /// have; nil if that cannot be told.
    func holdings(
        of account: AccountName, bypassedBy bypass: (any EnrollableModule)?,
        deliver: @escaping ((devices: [DeviceListing], isBypassed: Bool, isUpToDate: Bool)?) -> Void
    ) {
        let now = clocks.now()
        ask { store throws(StoreFailure) -> ([DeviceListing], Bool, Bool) in
            let devices = try store.holdings(of: account)
            guard let bypass else { return (devices, false, store.isUpToDate) }
            let sealing = store.sealing
            return (
                devices,
                devices.contains { $0.key.module == bypass.id && bypass.standing(of: $0, sealing, at: now) == .usable },
                store.isUpToDate
            )
        } deliver: { answer in
            deliver(try? answer.get())
        }
    }

    /// Has the store asked on the writer's thread, and hears of it on the event loop.
    func ask<Value: Sendable>(
        _ question: @escaping @Sendable (any EnrollmentStore) throws(StoreFailure) -> Value,
        deliver: @escaping (Result<Value, StoreFailure>) -> Void
    ) {
        let loop = loop
        let delivery = NIOLoopBound(deliver, eventLoop: loop)
        writer.perform { store in
            let answer: Result<Value, StoreFailure>
            do throws(StoreFailure) {
                answer = .success(try question(try store.get()))
            } catch {
                answer = .failure(error)
            }
            loop.execute { delivery.value(answer) }
        }
    }

    /// Has the store read beside the logins where it can be, and hears of it on the event loop: a list of a million accounts
    /// keeps nobody waiting. What is not long leaves no memory behind that were worth giving back.
    func read<Value: Sendable>(
        isLong: Bool = true,
        _ question: @escaping @Sendable (any StoreReading) throws(StoreFailure) -> Value,
        deliver: @escaping (Result<Value, StoreFailure>) -> Void
    ) {
        guard let open = writer.reading else {
            return ask({ store throws(StoreFailure) in try question(store) }, deliver: deliver)
        }
        if isLong { readings += 1 }
        let loop = loop
        let delivery = NIOLoopBound(deliver, eventLoop: loop)
        DetachedThread.start(named: "twostep-read") {
            let answer: Result<Value, StoreFailure>
            do throws(StoreFailure) {
                answer = .success(try question(try open()))
            } catch {
                answer = .failure(error)
            }
            loop.execute { delivery.value(answer) }
        }
    }

    /// The local account that a username's credentials open; they are created for `account`, if there are none. Where the
    /// store keeps the provider's users none are created for somebody who was removed meanwhile.
    func credentials(
        of user: UserKey, createdFor account: AccountName?, isKept: Bool = false,
        deliver: @escaping (Credentials) -> Void
    ) {
        let now = clocks.now()
        ask { store throws(StoreFailure) -> AccountName? in
            if let existing = try store.credentials(of: user) { return existing }
            guard let account else { return nil }
            if isKept, try store.userDatabase.passwordHash(of: user) == nil { return nil }
            guard case .linked = try store.link(user, to: account, at: now) else { return nil }
            return account
        } deliver: { answer in
            switch answer {
            case .success(let account?): deliver(.account(account))
            case .success(nil): deliver(.refused)
            case .failure: deliver(.unavailable)
            }
        }
    }
}
