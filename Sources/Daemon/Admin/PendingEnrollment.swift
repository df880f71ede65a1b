import AdminProtocol
import Authentication
import Synchronization

/// A set-up that one connection has begun: abandoned, it leaves nothing.
final class PendingEnrollment: Sendable {
    let setup: Setup
    let module: any EnrollableModule
    let key: DeviceKey
    let uid: UInt32
    /// What is issued along with it if it becomes the account's first device.
    let companion: PendingEnrollment?
    /// Whether whoever has begun it was told that a device of its name would be replaced.
    private let announced = Atomic<Bool>(false)

    /// Begins a set-up with `module`, and one with `companion` by its usual name; with a `key` of at least
    /// `minimumBits`, where there is one.
    init(
        _ request: SetupRequest, module: any EnrollableModule, uid: UInt32,
        companion other: (any EnrollableModule)? = nil, key: consuming Secret? = nil, minimumBits: Int = 128
    ) throws(SetupFailure) {
        if let other {
            let along = SetupRequest(
                account: request.account, device: other.usualDeviceName, issuer: request.issuer, parameters: [:])
            companion = try PendingEnrollment(along, module: other, uid: uid)
        } else {
            companion = nil
        }
        if let key {
            guard let holder = module as? any KeyHoldingModule else {
                throw SetupFailure("\(module.id) takes no secret from elsewhere")
            }
            setup = try holder.adopt(request, key: key, minimumBits: minimumBits)
        } else {
            setup = try module.beginSetup(request)
        }
        self.module = module
        self.key = DeviceKey(account: request.account, module: module.id, device: request.device)
        self.uid = uid
    }

    /// A device that is stored already, to be shown again.
    init(
        showing listing: DeviceListing, payload: borrowing Secret, module: any KeyHoldingModule, issuer: String
    ) throws(SetupFailure) {
        let request = SetupRequest(
            account: listing.key.account, device: listing.key.device, issuer: issuer, parameters: [:])
        let state = listing.device.state
        setup = try payload.withBytes { (payload) throws(SetupFailure) in
            try module.setup(of: payload, state: state, for: request)
        }
        companion = nil
        self.module = module
        key = listing.key
        uid = listing.uid
    }

    /// Whether it may replace a device: only one that was there when it began.
    var mayReplace: Bool { announced.load(ordering: .sequentiallyConsistent) }

    /// It was said that there is a device which it will replace.
    func announceReplacing() { announced.store(true, ordering: .sequentiallyConsistent) }

    /// The form that finishes it. A first code may be seen: what it is made from stands beside it.
    var form: [FormField] {
        let isShown = setup.uri.count > 0 || setup.key.count > 0
        return setup.confirmation.fields.map { field in
            switch field.kind {
            case .secret, .password: FormField(label: field.label, isHidden: !isShown)
            case .visible: FormField(label: field.label, isHidden: false)
            case .choice(let choices):
                FormField(label: "\(field.label) (\(choices.joined(separator: ", ")))", isHidden: false)
            }
        }
    }

    /// The device in words; empty where the person's answer makes it.
    var description: String {
        guard setup.payload.count > 0 else { return "" }
        return setup.payload.withBytes { module.describe($0, state: setup.initialState) }
    }

    /// The device in words, as it is stored.
    func describe(_ finished: borrowing FinishedSetup) -> String {
        let state = finished.state
        return finished.payload.count > 0
            ? finished.payload.withBytes { module.describe($0, state: state) }
            : setup.payload.withBytes { module.describe($0, state: state) }
    }

    /// What the journal says of it.
    func entry(_ verb: String) -> String {
        let device = "device \(verb) user=\"\(key.account)\" module=\(key.module) device=\"\(key.device)\""
        // What stands in for a device is told with its end and its reason.
        return key.module.isStopgap ? "\(device) \(description.replacing("\"", with: "'"))" : device
    }

    /// Judges an answer to the form; takes its time where the module stretches what people choose.
    func finish(_ input: UserInput, at now: Moment) -> Result<FinishedEnrollment, SetupRejection> {
        do throws(SetupRejection) {
            return .success(FinishedEnrollment(try module.finishSetup(setup, input, at: now)))
        } catch {
            return .failure(error)
        }
    }

    /// The device as it was begun, where nobody has typed anything that would make another of it.
    var unconfirmed: FinishedSetup { FinishedSetup(state: setup.initialState) }

    /// The device as it was finished, sealed, for a store that takes many at once; what was used of its key stays used.
    /// Runs on the writer's thread.
    func sealed(
        _ finished: borrowing FinishedSetup, after used: UsedKeys, at now: Moment, in store: any EnrollmentStore
    ) throws(StoreFailure) -> DeviceListing {
        let sealed =
            finished.payload.count > 0
            ? try store.sealing.seal(finished.payload, at: key) : try store.sealing.seal(setup.payload, at: key)
        let state = max(finished.state, used[key] ?? finished.state)
        let device = Device(name: key.device, sealed: sealed, state: state, createdAt: now.wall)
        return DeviceListing(key: key, device: device, uid: uid)
    }

    /// Seals the payload and stores the device of an account that has `existing` ones; runs on the writer's thread.
    func store(
        _ finished: borrowing FinishedSetup, among existing: [DeviceListing], at now: Moment,
        in store: any EnrollmentStore
    ) throws(StoreFailure) -> Bool {
        let used = UsedKeys(of: [self], among: existing, in: store)
        let listing = try sealed(finished, after: used, at: now, in: store)
        return try store.add(listing.device, at: key, uid: uid)
    }
}

/// A set-up that is finished, on its way to the writer.
final class FinishedEnrollment: Sendable {
    let setup: FinishedSetup

    init(_ setup: consuming FinishedSetup) { self.setup = setup }
}
