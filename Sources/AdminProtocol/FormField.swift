/// One field of a form that a person fills in at the terminal; its value travels as a secret.
package struct FormField: Codable, Equatable, Sendable {
    /// What the person reads, without the colon.
    package let label: String
    /// Whether it is typed without being shown.
    package let isHidden: Bool

    package init(label: String, isHidden: Bool) {
        self.label = label
        self.isHidden = isHidden
    }
}
