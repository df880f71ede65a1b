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

    /// The local account that a username's credentials open; they are created for `account`, if there are none. They open nothing to
    /// whoever has proved it by a password that is no longer kept: an administrator, of another daemon perhaps, has changed it.
    func credentials(
        of user: UserKey, createdFor account: AccountName?, provedBy mark: PasswordMark?,
        deliver: @escaping (Credentials) -> Void
    ) {
        let now = clocks.now()
        ask { store throws(StoreFailure) -> Credentials in
            guard try store.stillHas(mark) else { return .outdated }
            if let existing = try store.credentials(of: user) { return .account(existing) }
            guard let account, case .linked = try store.link(user, to: account, at: now) else { return .refused }
            return .account(account)
        } deliver: { answer in
            deliver((try? answer.get()) ?? .unavailable)
        }
    }
}
