import Authentication

/// The hash of a new password, on its way to the writer.
final class KeptPassword: Sendable {
    /// The longest password, in bytes: what PAM takes as an answer (PAM_MAX_RESP_SIZE less its NUL).
    static let longest = 511

    let hash: Secret

    private init(_ hash: consuming Secret) { self.hash = hash }

    /// Why what was typed can be no password; nil if it can.
    static func complaint(about input: UserInput) -> String? {
        guard input.count == 1 else { return "A password is one field, and one alone." }
        return input.withField { typed in
            if typed.count == 0 { return "An empty password is none. Nothing was changed." }
            if typed.count > longest {
                return "The password has \(typed.count) bytes, and PAM takes \(longest) at most. Nothing was changed."
            }
            for index in typed.indices where typed[index] == 0 {
                return "The password has a NUL byte, which nobody can type. Nothing was changed."
            }
            return nil
        }
    }

    /// Hashes a password; takes its time.
    static func hash(
        _ input: UserInput, _ keeper: any PasswordKeeping
    ) -> Result<KeptPassword, ProviderFailure> {
        do throws(ProviderFailure) {
            return .success(
                KeptPassword(
                    try input.withField { (typed) throws(ProviderFailure) -> Secret in try keeper.hash(typed) }))
        } catch {
            return .failure(error)
        }
    }
}
