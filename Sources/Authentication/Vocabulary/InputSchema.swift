/// The form that a provider or a module wants filled in: ordered fields.
///
/// The PAM conversation is derived from it; neither of them ever speaks PAM.
package struct InputSchema: Equatable, Sendable {
    package let fields: [InputField]

    package init(_ fields: [InputField]) { self.fields = fields }

    /// A form with nothing to fill in.
    package static let nothing = InputSchema([])

    /// The same with another label, if it has a single field, and with what is typed shown or hidden; nil changes
    /// nothing.
    package func with(label: String?, echo: Bool?) -> InputSchema {
        InputSchema(
            fields.map { field in
                let kind: InputField.Kind =
                    switch (field.kind, echo) {
                    case (.secret, true), (.visible, true): .visible
                    case (.secret, false), (.visible, false): .secret
                    case (.secret, nil), (.visible, nil), (.choice, _), (.password, _): field.kind
                    }
                let label = fields.count == 1 ? label ?? field.label : field.label
                return InputField(name: field.name, label: label, kind: kind, isRequired: field.isRequired)
            })
    }
}

/// One field of a form.
package struct InputField: Equatable, Sendable {
    /// How it is asked for.
    package enum Kind: Equatable, Sendable {
        /// Typed without being shown.
        case secret
        /// Typed and shown.
        case visible
        /// One of these, by number.
        case choice([String])
        /// The account's password: PAM_AUTHTOK where it is known already.
        case password
    }

    package let name: String
    /// What the person reads, without the colon.
    package let label: String
    package let kind: Kind
    package let isRequired: Bool

    package init(name: String, label: String, kind: Kind, isRequired: Bool = true) {
        self.name = name
        self.label = label
        self.kind = kind
        self.isRequired = isRequired
    }
}
