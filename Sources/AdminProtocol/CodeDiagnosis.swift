/// What a code says about the device that made it.
package struct CodeDiagnosis: Codable, Equatable, Sendable {
    package let account: String
    /// Nil if none of the account's devices could have made the code, now or a while ago.
    package let match: Match?

    package init(account: String, match: Match?) {
        self.account = account
        self.match = match
    }

    /// The device that made the code.
    package struct Match: Codable, Equatable, Sendable {
        package let module: ModuleReference
        package let device: String
        /// In the module's units: time steps ahead (positive) or behind, or counter values ahead.
        package let offset: Int64
        /// The length of one unit in seconds; 0 where units are no time.
        package let secondsPerUnit: Int64
        /// Whether a login would take the code now: `validate` accepts it on a copy of the devices, which is thrown
        /// away. Further off than the module's window, or spent, it would not.
        package let isAcceptable: Bool
        /// Whether the device has used up this code already.
        package let isSpent: Bool

        package init(
            module: ModuleReference, device: String, offset: Int64, secondsPerUnit: Int64, isAcceptable: Bool,
            isSpent: Bool
        ) {
            self.module = module
            self.device = device
            self.offset = offset
            self.secondsPerUnit = secondsPerUnit
            self.isAcceptable = isAcceptable
            self.isSpent = isSpent
        }
    }
}
