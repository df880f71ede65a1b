import Glibc

/// What must be in force in sshd for a connection, so that a security key which it has accepted is a factor that
/// somebody holds: it wants a touch or a PIN from all of them, and root alone says which keys there are.
///
/// The type of a key proves neither. A signature says whether the key was touched, and sshd looks at that unless
/// authorized_keys says `no-touch-required`, which PubkeyAuthOptions overrules (sshd_config(5)); and who can add a key of
/// his own can add one that a program holds and that says whatever it likes.
package enum SSHKeyTerms {
    /// Something that is in force and leaves a doubt.
    package struct Objection: Hashable, Sendable {
        /// The keyword that it is about, in small letters.
        package let keyword: String
        package let found: String
        package let expected: String
        /// The line that takes the doubt away; nil where that is not one line.
        package let line: String?
    }

    /// What speaks against counting a key, by what `sshd -T` says for the connection; empty for nothing.
    /// `faultOf` says who else than root could change what is at a path; nil for nobody.
    package static func objections(
        _ settings: SSHDSettings, for owner: KeyOwner,
        faultOf: (_ path: String) -> String? = { RootOnlyPath.fault(of: $0) }
    ) -> [Objection] {
        var objections: [Objection] = []
        let options = settings.patterns("pubkeyauthoptions")
        if !options.contains("touch-required"), !options.contains("verify-required") {
            objections.append(
                Objection(
                    keyword: "pubkeyauthoptions",
                    found: "PubkeyAuthOptions \(options.isEmpty ? "none" : options.joined(separator: " ")): a security "
                        + "key need not be touched where authorized_keys says no-touch-required",
                    expected: "touch-required or verify-required", line: "PubkeyAuthOptions touch-required"))
        }
        for (keyword, name) in [
            ("authorizedkeyscommand", "AuthorizedKeysCommand"),
            ("authorizedprincipalscommand", "AuthorizedPrincipalsCommand"),
        ] where settings[keyword]?.lowercased() != "none" {
            objections.append(
                Objection(
                    keyword: keyword,
                    found: "\(name) \(settings[keyword] ?? ""): who else decides about keys is not known",
                    expected: "none", line: nil))
        }
        for (keyword, name) in [
            ("authorizedkeysfile", "AuthorizedKeysFile"), ("trustedusercakeys", "TrustedUserCAKeys"),
            ("authorizedprincipalsfile", "AuthorizedPrincipalsFile"),
        ] {
            objections += faults(of: settings.patterns(keyword), for: owner, faultOf).map {
                Objection(
                    keyword: keyword, found: "\(name) leaves keys to others than root: \($0)",
                    expected: "none, or files that only root can write or make, with every folder above them", line: nil
                )
            }
        }
        return objections
    }

    private static func faults(
        of patterns: [String], for owner: KeyOwner, _ faultOf: (String) -> String?
    ) -> [String] {
        guard !patterns.isEmpty else { return ["this sshd does not say which files it reads"] }
        return patterns.filter { $0.lowercased() != "none" }.compactMap { pattern in
            guard let path = owner.path(of: pattern) else { return "'\(pattern)' has a token that is not known" }
            return faultOf(path)
        }
    }
}
