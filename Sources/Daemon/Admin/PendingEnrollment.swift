import Authentication

/// A set-up that one connection has begun: abandoned, it leaves nothing.
final class PendingEnrollment: Sendable {
    let setup: Setup
    let module: any EnrollableModule
    let key: DeviceKey
    let uid: UInt32

    init(_ setup: consuming Setup, module: any EnrollableModule, key: DeviceKey, uid: UInt32) {
        self.setup = setup
        self.module = module
        self.key = key
        self.uid = uid
    }

    /// Seals the payload and stores the device; runs on the writer's thread.
    func store(
        _ finished: borrowing FinishedSetup, at now: Moment, in store: any EnrollmentStore
    ) throws(StoreFailure) -> Bool {
        let sealed =
            finished.payload.count > 0
            ? try store.sealing.seal(finished.payload, at: key) : try store.sealing.seal(setup.payload, at: key)
        let device = Device(name: key.device, sealed: sealed, state: finished.state, createdAt: now.wall)
        return try store.add(device, at: key, uid: uid)
    }
}

/// A set-up that is finished, on its way to the writer.
final class FinishedEnrollment: Sendable {
    let setup: FinishedSetup

    init(_ setup: consuming FinishedSetup) { self.setup = setup }
}
