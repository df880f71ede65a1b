/// Why something was not done: a word for programs, a sentence for people, and what to type next.
package struct AdminRefusal: Codable, Error, Equatable, Sendable {
    package let code: Kind
    /// What was found: one sentence.
    package let message: String
    /// What to do about it; nil where there is nothing.
    package let hint: String?

    package init(_ code: Kind, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// An open set: a newer daemon may know more.
    package struct Kind: RawRepresentable, Codable, Hashable, Sendable {
        package let rawValue: String

        package init(rawValue: String) { self.rawValue = rawValue }

        /// The peer is not who may ask this, or the configuration does not let people do it.
        package static let notPermitted = Kind(rawValue: "not_permitted")
        /// The system's directory has no such account.
        package static let unknownAccount = Kind(rawValue: "unknown_account")
        /// No such module is configured, or people do not enrol with it.
        package static let unknownModule = Kind(rawValue: "unknown_module")
        package static let unknownDevice = Kind(rawValue: "unknown_device")
        /// The account has a device of that name already, or the import names it twice.
        package static let deviceExists = Kind(rawValue: "device_exists")
        /// The account has as many devices of the module as it may.
        package static let tooManyDevices = Kind(rawValue: "too_many_devices")
        /// It is the account's last one, and `force` was not said.
        package static let lastDevice = Kind(rawValue: "last_device")
        /// A change that nothing was proved for.
        package static let notProved = Kind(rawValue: "not_proved")
        /// Too many wrong answers: none is looked at for a while, or until an administrator unlocks the account.
        package static let throttled = Kind(rawValue: "throttled")
        package static let wrongCode = Kind(rawValue: "wrong_code")
        /// What the person chose is not good enough; something else may be.
        package static let unacceptable = Kind(rawValue: "unacceptable")
        /// No such provider is configured, none that the request could mean, or several.
        package static let unknownProvider = Kind(rawValue: "unknown_provider")
        /// The provider has no such user, or the username no credentials.
        package static let unknownUser = Kind(rawValue: "unknown_user")
        /// The provider has a user of that name already.
        package static let userExists = Kind(rawValue: "user_exists")
        /// The username opens another account, or another username opens the account.
        package static let linkedOtherwise = Kind(rawValue: "linked_otherwise")
        /// No login that waits for an answer has such a session, or several have.
        package static let unknownSession = Kind(rawValue: "unknown_session")
        /// There is no such grant.
        package static let unknownGrant = Kind(rawValue: "unknown_grant")
        /// A parameter that the module does not take, a name that is none, a request out of turn.
        package static let badParameter = Kind(rawValue: "bad_parameter")
        package static let storeUnavailable = Kind(rawValue: "store_unavailable")
        /// The configuration is broken: nothing can be decided until it is repaired.
        package static let misconfigured = Kind(rawValue: "misconfigured")
        /// Too much at once: the same may work a moment later.
        package static let busy = Kind(rawValue: "busy")
        /// A request of another version, or with a verb that is not known.
        package static let notUnderstood = Kind(rawValue: "not_understood")
        package static let `internal` = Kind(rawValue: "internal")

        package init(from decoder: any Decoder) throws {
            rawValue = try decoder.singleValueContainer().decode(String.self)
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(rawValue)
        }
    }

    /// What the daemon answers to a request that it could not read.
    package init(_ error: AdminProtocolError) {
        switch error {
        case .oversized: self.init(.badParameter, "The request is too long.")
        case .truncated: self.init(.badParameter, "The request ends before its end.")
        case .malformed(let expected): self.init(.badParameter, "The request is not understood: expected \(expected).")
        case .unsupportedVersion(let version):
            self.init(
                .notUnderstood,
                "twostep speaks version \(version) of the protocol, twostepd version \(AdminEnvelope.version).",
                hint: "Install the same version of both and restart twostepd.")
        case .unknownVerb(let verb):
            self.init(
                .notUnderstood, "twostepd does not know the verb '\(verb)'.",
                hint: "Install the same version of both and restart twostepd.")
        }
    }
}
