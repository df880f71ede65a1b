/// What proves the first factor.
///
/// A provider is one type in one file of `AuthProviders`, and one row in its registry.
package protocol AuthProvider: Sendable {
    /// Type and id, as configured.
    var id: ProviderID { get }

    /// The form of the flow's `init` step; `.nothing` for a provider that lives on evidence.
    var inputSchema: InputSchema { get }

    /// Whether its usernames are the local accounts themselves, so that its credentials need no link.
    var speaksOfAccounts: Bool { get }

    /// What a person is told when the proof was not accepted.
    var refusal: String { get }

    /// Prepares the provider, once, before the first login. One that throws admits nobody.
    func initialize() throws(ProviderFailure)

    /// Why nothing can be asked with it now, in a sentence for the journal; nil where it can be.
    var outage: String? { get }

    /// Whether credentials are created at a username's first login, where a local account has the same name.
    ///
    /// What speaks of accounts needs no leave. For others an administrator gives it (`create_credentials: true`), and it
    /// never holds for privileged accounts.
    var createsCredentials: Bool { get }

    /// How long `prove` may wait for somebody outside, in whole seconds; 0 for what is worked out here.
    ///
    /// It runs on the pool for what waits then, and people's hosts are told in advance.
    var timeLimit: Int { get }

    /// Proves the first factor: returns the username, or says what is missing.
    ///
    /// With an `inputSchema` it runs on the pool for slow work and may take its time (a KDF); without, it
    /// runs on the event loop and must not, nor look at `users`. It must do the same work for names that do not exist.
    func prove(
        _ request: LoginRequest, _ input: UserInput?, users: any UserDatabase, isWaived: Bool
    ) -> Proof
}

/// A provider whose users or password twostepd keeps, and administrators manage.
package protocol PasswordKeeping: AuthProvider {
    /// The one username there is, where the provider knows no other (`legacy_api_password`); nil for any number.
    var onlyUsername: AccountName? { get }

    /// The form in which a typed name is kept and compared; nil for what can be no username.
    func username(_ typed: String) -> AccountName?

    /// The hash to be kept for a new password. It takes its time.
    func hash(_ password: Span<UInt8>) throws(ProviderFailure) -> Secret
}

extension AuthProvider {
    /// Whether it asks nothing and goes by what was proved outside. Such a provider never stands in a menu.
    package var livesOnEvidence: Bool { inputSchema.fields.isEmpty }

    package var createsCredentials: Bool { speaksOfAccounts }
    package var timeLimit: Int { 0 }
    package var outage: String? { nil }

    package func initialize() throws(ProviderFailure) {}
}

/// Why a provider cannot work, for the journal.
package struct ProviderFailure: Error, Equatable, Sendable {
    package let explanation: String
    package init(_ explanation: String) { self.explanation = explanation }
}

/// What came of proving.
package enum Proof: Equatable, Sendable {
    /// Proved, or waived by a rule: the username, which never changes from here on.
    case proved(AccountName, isWaived: Bool)
    /// Wrong; with a form, it may be filled in again.
    case rejected(Reason)
    /// It cannot be told.
    case unavailable(String)
}
