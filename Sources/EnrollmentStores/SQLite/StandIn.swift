internal import Authentication

/// A secret that is nobody's, and is opened for whoever has none: a guess at nothing is as much work as any.
struct StandIn {
    /// What an app's secret comes to with what stands before it in its payload, in bytes.
    private static let size = 26
    /// The same when it is sealed.
    static let sealedSize = Sealer.sealedSize(of: size)

    private let place: DeviceKey
    private let sealed: [UInt8]

    /// Seals one of an app's size; nil if nothing can be sealed, and then nothing can be opened either.
    init?(_ sealing: any SecretSealing) {
        guard let account = AccountName("nobody") else { return nil }
        place = DeviceKey(account: account, module: ModuleID("totp"), device: "phone")
        guard let sealed = try? sealing.seal(Secret(count: StandIn.size) { _ in }, at: place) else { return nil }
        self.sealed = sealed
    }

    func open(with sealing: any SecretSealing) { _ = try? sealing.open(sealed, at: place) }
}

extension Outcome {
    /// Whether a guess was looked at, and there was nothing to hold it against.
    var isOfNothing: Bool {
        switch self {
        case .rejected(let reason), .delayed(_, let reason?), .locked(let reason?):
            reason == .notEnrolled || reason == .unknownAccount
        case .accepted, .charged, .delayed, .locked, .unavailable: false
        }
    }
}
