internal import Authentication
internal import SecurityKeyProtocol

extension FIDO2Terms {
    /// The keys of the configuration that these are made of.
    static let keys: Set<String> = ["user_presence", "user_verification", "relying_party"]

    /// Reads them strictly.
    init(_ settings: Settings, hostName: String) throws(SettingFailure) {
        verification = try FIDO2Terms.verification(settings)
        wantsPresence = try settings.boolean("user_presence", default: true)
        if !wantsPresence, verification != .required, let setting = settings["user_presence"] {
            throw SettingFailure(
                at: setting,
                "user_presence is 'false', which takes user_verification: required: else a key that was left behind is enough"
            )
        }
        relyingParty = try FIDO2Terms.relyingParty(settings) ?? "pam://\(hostName)"
    }

    private static func verification(_ settings: Settings) throws(SettingFailure) -> UserVerification {
        guard let setting = settings["user_verification"] else { return .preferred }
        guard case .text(let word, _) = setting.value, let verification = UserVerification(word) else {
            throw SettingFailure(
                at: setting, "user_verification is \(setting.found), expected required, preferred or never")
        }
        return verification
    }

    private static func relyingParty(_ settings: Settings) throws(SettingFailure) -> String? {
        guard let party = try settings.text("relying_party"), let setting = settings["relying_party"] else {
            return nil
        }
        guard party.utf8.count <= SecurityKeyQuestion.longestRelyingParty,
            party.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw SettingFailure(
                at: setting,
                "relying_party is \(setting.found), expected at most \(SecurityKeyQuestion.longestRelyingParty) printable "
                    + "characters without blanks")
        }
        return party
    }
}
