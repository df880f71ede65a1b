package import Authentication
import Testing

/// What every auth module must do, whatever it is made of. Each module's tests run all the rules:
///
///     @Test(arguments: AuthModuleContract.rules)
///     func `keeps the contract`(rule: AuthModuleContract.Rule) throws { try rule.check(subject) }
///
/// A module that hangs is the daemon's matter, a deadline the session table's: no rule is about them.
package enum AuthModuleContract {
    /// One rule, named by what holds.
    package struct Rule: Sendable, CustomTestStringConvertible {
        package let name: String
        package let check: @Sendable (Subject) throws -> Void

        init(_ name: String, _ check: @escaping @Sendable (Subject) throws -> Void) {
            self.name = name
            self.check = check
        }

        package var testDescription: String { name }
    }

    /// A module, with what it takes to ask things of it. One without devices knows the accounts alice and mallory, who
    /// have the same right answer, and nobody else.
    package struct Subject: Sendable {
        package let module: any AuthModule
        /// The payloads of three different devices of alice; none for a module that keeps no devices.
        package let payloads: [[UInt8]]
        /// The state of a device that nothing was accepted from.
        package let initialState: Int64
        /// Whether an answer is good once (a code), or as often as one likes (a PIN).
        package let isOneTime: Bool
        /// How many right answers a device has, one after the other.
        package let answers: Int
        /// When the first answer is given.
        package let now: Moment
        /// When there is a next answer after the one given at a moment.
        package let next: @Sendable (Moment) -> Moment
        /// The right answer for one of the devices (0 where there are none) in a state, at a moment.
        package let right: @Sendable (_ device: Int, _ state: Int64, _ now: Moment) -> [UInt8]
        /// An answer of the module's alphabet and length that no device accepts.
        package let wrong: [UInt8]

        package init(
            module: any AuthModule, payloads: [[UInt8]], initialState: Int64, isOneTime: Bool, answers: Int = .max,
            now: Moment, next: @escaping @Sendable (Moment) -> Moment,
            right: @escaping @Sendable (_ device: Int, _ state: Int64, _ now: Moment) -> [UInt8], wrong: [UInt8]
        ) {
            self.module = module
            self.payloads = payloads
            self.initialState = initialState
            self.isOneTime = isOneTime
            self.answers = answers
            self.now = now
            self.next = next
            self.right = right
            self.wrong = wrong
        }
    }

    package static let rules = answering + identity + spending + damage
}
