import Authentication
import Wire

/// A form on its way to be filled in: which fields have been answered, and with what.
///
/// The PAM conversation is one message a field, derived from the schema here and nowhere else.
final class Form {
    let schema: InputSchema
    private var values = Secret(count: 0) { _ in }
    private var ends: [Int] = []
    /// A field's answer never left the host process; the form as a whole is then unusable.
    private(set) var isUnusable = false

    init(_ schema: InputSchema) { self.schema = schema }

    /// The field to be asked for next; nil when there is none left.
    var next: InputField? { ends.count < schema.fields.count ? schema.fields[ends.count] : nil }

    /// Takes the answer to `next`; nil is one that never left the host process.
    func answer(_ bytes: Span<UInt8>?) {
        guard next != nil else { return }
        guard let bytes, bytes.count <= Wire.maximumAnswer else {
            isUnusable = true
            return ends.append(values.count)
        }
        let longer = values.withBytes { old in
            Secret(count: old.count + bytes.count) { target in
                for index in old.indices { target[index] = old[index] }
                for index in bytes.indices { target[old.count + index] = bytes[index] }
            }
        }
        values = longer
        ends.append(values.count)
    }

    /// What was typed, once; the form is empty afterwards. Nil if it is unusable.
    func take() -> UserInput? {
        var taken = Secret(count: 0) { _ in }
        swap(&taken, &values)
        let ends = self.ends
        self.ends = []
        return isUnusable ? nil : UserInput(taken, ends: ends)
    }
}

extension InputField {
    /// How PAM is to ask for it.
    var style: PromptStyle {
        switch kind {
        case .secret: .secret
        case .visible, .choice: .visible
        case .password: .authtok
        }
    }

    /// The prompt's text, `notice` in lines before it, `hint` behind the label.
    func promptText(after notice: String?, hint: String? = nil) -> String {
        var text = notice.map { $0 + "\n" } ?? ""
        let label = label + (hint.map { " (\($0))" } ?? "")
        switch kind {
        case .choice(let choices): text += Texts.menu(label, choices)
        case .secret, .visible, .password: text += label + ": "
        }
        return text
    }
}
