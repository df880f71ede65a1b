/// Who enrols what.
package struct SetupRequest: Equatable, Sendable {
    package let account: AccountName
    package let device: String
    /// Shown by authenticator apps beside the account: the host, or what the configuration says.
    package let issuer: String
    /// What the administrator chose (`digits`: `8`), as typed; a key the module does not know is refused.
    package let parameters: [String: String]
    /// When it begins; nil where nobody says, and then nothing is sent for it.
    package let now: Moment?
    /// Whether a login waits for it: its host does for 10 s, whatever the module's own time is.
    package let isWithinLogin: Bool

    package init(
        account: AccountName, device: String, issuer: String, parameters: [String: String], at now: Moment? = nil,
        isWithinLogin: Bool = false
    ) {
        self.now = now
        self.account = account
        self.device = device
        self.issuer = issuer
        self.parameters = parameters
        self.isWithinLogin = isWithinLogin
    }
}

/// A set-up that has begun: the new secret in the forms that the store and the person need.
package struct Setup: ~Copyable, Sendable {
    /// What the store keeps, sealed, in the module's own encoding; empty where the person's answer makes it.
    package let payload: Secret
    /// The otpauth URI for the QR code (UTF-8); empty where there is none.
    package let uri: Secret
    /// The secret for typing by hand (base32, UTF-8); empty where there is none.
    package let key: Secret
    /// Codes to be kept on paper, one a line (UTF-8); empty where there are none.
    package let codes: Secret
    /// The form whose answer finishes the set-up; one without fields stores the device at once.
    package let confirmation: InputSchema
    /// Whether the device can be stored without a confirmation, for scripts.
    package let canGoUnconfirmed: Bool
    /// The device's state before any code was used.
    package let initialState: Int64
    /// Whose choice the secret is; nil where nobody chooses it, or the module need not know.
    package let chooser: AccountName?

    /// A secret that an app keeps: shown as `uri` and `key`, confirmed by a first code.
    package init(
        payload: consuming Secret, uri: consuming Secret, key: consuming Secret, confirmation: InputSchema,
        initialState: Int64
    ) {
        self.payload = payload
        self.uri = uri
        self.key = key
        codes = Secret(count: 0) { _ in }
        self.confirmation = confirmation
        canGoUnconfirmed = true
        self.initialState = initialState
        chooser = nil
    }

    /// Codes that the person keeps: shown, and good at once.
    package init(payload: consuming Secret, codes: consuming Secret, initialState: Int64) {
        self.payload = payload
        self.codes = codes
        uri = Secret(count: 0) { _ in }
        key = Secret(count: 0) { _ in }
        confirmation = .nothing
        canGoUnconfirmed = true
        self.initialState = initialState
        chooser = nil
    }

    /// A secret that somebody outside makes for `chooser`, and finishes with the answer to `confirmation`.
    package init(
        payload: consuming Secret, uri: consuming Secret, key: consuming Secret, confirmation: InputSchema,
        for chooser: AccountName
    ) {
        self.payload = payload
        self.uri = uri
        self.key = key
        codes = Secret(count: 0) { _ in }
        self.confirmation = confirmation
        canGoUnconfirmed = false
        initialState = 0
        self.chooser = chooser
    }

    /// A secret that a person, `chooser`, chooses: the answer to `choice` makes the payload.
    package init(choice: InputSchema, of chooser: AccountName? = nil) {
        payload = Secret(count: 0) { _ in }
        codes = Secret(count: 0) { _ in }
        uri = Secret(count: 0) { _ in }
        key = Secret(count: 0) { _ in }
        confirmation = choice
        canGoUnconfirmed = false
        initialState = 0
        self.chooser = chooser
    }
}

/// A set-up that is finished: what the store keeps.
package struct FinishedSetup: ~Copyable, Sendable {
    /// In place of the set-up's own payload; an empty one keeps that.
    package let payload: Secret
    package let state: Int64

    /// The set-up's own payload, in this state.
    package init(state: Int64) {
        payload = Secret(count: 0) { _ in }
        self.state = state
    }

    package init(payload: consuming Secret, state: Int64) {
        self.payload = payload
        self.state = state
    }
}

/// Why an answer does not finish a set-up.
package enum SetupRejection: Error, Equatable, Sendable {
    /// Not the code that the new secret makes.
    case wrong
    /// None of the module's answers at all.
    case malformed
    /// What the person chose is not good enough, in one sentence.
    case unacceptable(String)
    /// It cannot be told: libcrypto fails.
    case unavailable
}

/// Why a set-up cannot begin: what was found and what was expected, for the administrator.
package struct SetupFailure: Error, Equatable, Sendable {
    package let explanation: String
    package init(_ explanation: String) { self.explanation = explanation }
}
