/// How an authenticator app shows a device: `ISSUER:ACCOUNT`, and often the issuer once more.
///
/// Whatever service has made the secret has chosen both: they say nothing about accounts of this machine.
package struct DeviceLabel: Equatable, Sendable {
    /// As the file has it.
    package let text: String
    /// Nil where none is named.
    package let issuer: String?
    /// What stands behind the issuer and its colon; nil for nothing.
    package let account: String?

    /// `issuer` is what is named beside the label, which goes before what is named in it.
    init(_ text: String, issuer: String?) {
        self.text = text
        let colon = text.lastIndex(of: ":")
        let prefix = colon.map { String(text[..<$0]) } ?? ""
        self.issuer = [issuer ?? "", prefix].first { !$0.isEmpty }
        let account = (colon.map { text[text.index(after: $0)...] } ?? text[...]).drop { $0 == " " }
        self.account = account.isEmpty ? nil : String(account)
    }

    /// The label with its issuer in front.
    package var full: String {
        guard let issuer, !text.contains(":") else { return text }
        return "\(issuer):\(text)"
    }
}
