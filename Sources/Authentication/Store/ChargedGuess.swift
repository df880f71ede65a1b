/// A guess that is charged, on disk, and that nobody has judged yet: what is handed out to whoever judges it.
package final class ChargedGuess: Sendable {
    package let account: AccountName
    package let service: String
    package let input: UserInput
    /// The account's devices with the module; none for a name that the directory does not know.
    package let devices: [OpenedDevice]
    /// The account's failures with the module before the charge and with it; nil for a module that is not charged.
    let charge: Charge?

    /// A device with its payload.
    package struct OpenedDevice: Sendable {
        package let name: String
        package let state: Int64
        package let payload: OpenedPayload

        package init(name: String, state: Int64, payload: OpenedPayload) {
            self.name = name
            self.state = state
            self.payload = payload
        }
    }

    /// What the store keeps of a device, opened for as long as the guess lives.
    package final class OpenedPayload: Sendable {
        package let secret: Secret
        package init(_ secret: consuming Secret) { self.secret = secret }
    }

    /// What a guess has cost.
    struct Charge: Equatable {
        let before: FailureCounter?
        let after: FailureCounter
        /// Whether a name paid that was judged as nobody's.
        let isNobodys: Bool
    }

    init(
        account: AccountName, service: String, input: UserInput, devices: [OpenedDevice], charge: Charge?
    ) {
        self.account = account
        self.service = service
        self.input = input
        self.devices = devices
        self.charge = charge
    }

    /// A guess that no store has charged: for whoever tries a module beside any login.
    package convenience init(
        uncharged input: UserInput, of account: AccountName, service: String, devices: [OpenedDevice] = []
    ) {
        self.init(account: account, service: service, input: input, devices: devices, charge: nil)
    }

    /// The counter as it is without this guess, which was none: as before, or one less where others were charged meanwhile.
    /// `isNobodys`: whose counter it is. Where somebody was blocked or unblocked meanwhile it is not the one that paid.
    func refunded(_ counter: FailureCounter?, isNobodys: Bool) -> FailureCounter? {
        guard let charge, charge.isNobodys == isNobodys, let counter else { return counter }
        if counter == charge.after { return charge.before }
        return counter.failures > 1 ? FailureCounter(failures: counter.failures - 1, last: counter.last) : nil
    }
}

extension ChargedGuess: Equatable {
    /// A guess is itself and no other.
    package static func == (left: ChargedGuess, right: ChargedGuess) -> Bool { left === right }
}
