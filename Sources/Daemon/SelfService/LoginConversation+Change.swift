import Authentication
import Wire

/// What a change of devices has and a login has not.
extension LoginConversation {
    /// Asks whether there shall be a change at all: whoever wants another password does not always want another device.
    func askForConsent() {
        startProviderClock()
        expectation = .consent
        prompt(.visible, Texts.consent)
    }

    /// Whether an answer says yes; everything else leaves things as they are.
    static func isConsent(_ bytes: Span<UInt8>?) -> Bool {
        guard let bytes, bytes.count <= 3 else { return false }
        let word = bytes.indices.map { bytes[$0] | 0x20 }
        return [Array("y".utf8), Array("yes".utf8)].contains(word)
    }

    /// What a set-up is headed with.
    var setupTitle: String {
        guard let change else { return Texts.owed }
        return change.isFirst ? Texts.first : Texts.further
    }
}
