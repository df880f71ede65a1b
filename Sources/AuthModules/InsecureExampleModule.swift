package import Authentication
internal import Cryptography

/// `insecure_example`: pins that stand in the configuration, for demonstrations alone.
package struct InsecureExampleModule: AuthModule {
    /// Its row in the registry.
    package static let type = ModuleType(name: "insecure_example", keys: ["users"], isInsecure: true) {
        (id, settings) throws(SettingFailure) in try InsecureExampleModule(id, settings)
    }

    /// One pin of one user.
    private final class Row: Sendable {
        let username: AccountName
        /// As `padded` makes it.
        let pin: Secret

        init(username: AccountName, pin: consuming Secret) {
            self.username = username
            self.pin = pin
        }
    }

    package let id: ModuleID
    private let rows: [Row]

    package let inputSchema = InputSchema([InputField(name: "pin", label: "PIN", kind: .secret)])
    package let refusal = "That PIN is wrong."
    package let isLowEntropy = true
    package let isInsecure = true

    /// `settings` has `users`, a list of maps of a `username` and a `pin`; several for one user are several pins.
    package init(_ id: ModuleID, _ settings: Settings) throws(SettingFailure) {
        self.id = id
        guard let users = settings["users"] else {
            throw SettingFailure("the module \(id) has no users, expected a list of maps with username and pin")
        }
        guard case .list(let list) = users.value, !list.isEmpty else {
            let found = users.value == .list([]) ? "an empty list" : users.found
            throw SettingFailure(at: users, "users is \(found), expected a list of maps with username and pin")
        }
        var rows: [Row] = []
        for user in list { rows.append(try InsecureExampleModule.row(user)) }
        self.rows = rows
    }

    private static func row(_ user: Setting) throws(SettingFailure) -> Row {
        guard case .map(let entries) = user.value else {
            throw SettingFailure(at: user, "a user is \(user.found), expected a map with username and pin")
        }
        let known = ["username", "pin"]
        var values: [String: Setting] = [:]
        for entry in entries {
            let key = Setting(.nothing, line: entry.line, column: entry.column)
            guard known.contains(entry.key) else {
                throw SettingFailure(
                    at: key,
                    "the key '\(entry.key)', expected username or pin" + suggestion(for: entry.key, among: known))
            }
            guard values.updateValue(entry.value, forKey: entry.key) == nil else {
                throw SettingFailure(at: key, "the key '\(entry.key)' again, expected it once")
            }
        }
        guard let username = values["username"] else {
            throw SettingFailure(at: user, "a user without username, expected username and pin")
        }
        guard case .text(let text, _) = username.value, let name = AccountName(text) else {
            throw SettingFailure(at: username, "username is \(username.found), expected the name of an account")
        }
        guard let pin = values["pin"] else {
            throw SettingFailure(at: user, "a user without pin, expected username and pin")
        }
        return Row(username: name, pin: try InsecureExampleModule.pin(pin))
    }

    /// No error tells the pin: it would stand in the journal.
    private static func pin(_ setting: Setting) throws(SettingFailure) -> Secret {
        guard case .text(let text, let isQuoted) = setting.value else {
            throw SettingFailure(at: setting, "pin is \(setting.found), expected text in quotes, as in pin: '007007'")
        }
        guard isQuoted else {
            throw SettingFailure(
                at: setting,
                "pin is not in quotes, and YAML would take 007 for the number 7; expected text in quotes, as in "
                    + "pin: '007007'")
        }
        let bytes = Array(text.utf8)
        guard let length = PINAlphabet.any.length(of: bytes.span), lengths.contains(length) else {
            throw SettingFailure(
                at: setting,
                "pin is empty, too long or has control characters; expected \(lengths.lowerBound) to "
                    + "\(lengths.upperBound) characters")
        }
        return padded(bytes.span)
    }

    /// How many characters a pin may have.
    private static let lengths = 1...PINAlphabet.lengths.upperBound

    /// A pin as it is compared: its length and its bytes, always as many, so that comparing does not tell the length.
    private static func padded(_ pin: Span<UInt8>) -> Secret {
        Secret(count: 2 + PINAlphabet.longest) { target in
            target[0] = UInt8(truncatingIfNeeded: pin.count >> 8)
            target[1] = UInt8(truncatingIfNeeded: pin.count)
            for index in pin.indices { target[2 + index] = pin[index] }
        }
    }

    package func recognizes(_ input: UserInput) -> Bool {
        input.count == 1
            && input.withField { typed in
                PINAlphabet.any.length(of: typed).map(InsecureExampleModule.lengths.contains) ?? false
            }
    }

    /// Judges a pin. It is compared with every row, whoever's, whatever was found before; a user in no row is
    /// `notEnrolled`.
    package func validate(
        _ session: ValidationSession, _ input: UserInput, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName {
        guard recognizes(input) else { throw .malformed }
        let typed = input.withField { InsecureExampleModule.padded($0) }
        var isListed = false
        var isRight = false
        for row in rows {
            let isSame = typed.withBytes { typed in row.pin.withBytes { isEqual(typed, $0) } }
            let isOwn = row.username == session.account
            isListed = isListed || isOwn
            isRight = isRight || (isSame && isOwn)
        }
        guard isListed else { throw .notEnrolled }
        guard isRight else { throw .wrong }
        return session.account
    }
}
