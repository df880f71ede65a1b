/// One value of the configuration, with the place where it stands.
package struct Setting: Equatable, Sendable {
    package indirect enum Value: Equatable, Sendable {
        /// A scalar as it was written. `isQuoted` tells `'007'` from `007`, which YAML would make a number.
        case text(String, isQuoted: Bool)
        case list([Setting])
        case map([Entry])
        /// Nothing after the colon.
        case nothing
    }

    package struct Entry: Equatable, Sendable {
        package let key: String
        /// Where the key stands.
        package let line: Int
        package let column: Int
        package let value: Setting

        package init(key: String, line: Int, column: Int, value: Setting) {
            self.key = key
            self.line = line
            self.column = column
            self.value = value
        }
    }

    package let value: Value
    /// Counted from 1.
    package let line: Int
    package let column: Int

    package init(_ value: Value, line: Int, column: Int) {
        self.value = value
        self.line = line
        self.column = column
    }

    /// What was found, for error messages: `the number-like text 007`, `a list`.
    package var found: String {
        switch value {
        case .text(let text, isQuoted: true): "the text '\(text)'"
        case .text(let text, isQuoted: false): "'\(text)'"
        case .list: "a list"
        case .map: "a map"
        case .nothing: "nothing"
        }
    }
}

/// What is wrong with a value, where, and what was expected.
package struct SettingFailure: Error, Equatable, Sendable {
    /// Counted from 1; 0 where the whole is meant.
    package let line: Int
    package let column: Int
    package let explanation: String

    package init(at setting: Setting, _ explanation: String) {
        line = setting.line
        column = setting.column
        self.explanation = explanation
    }

    /// What is wrong with a provider or module as a whole: a key that is missing stands in no line, which is 0 then.
    package init(_ explanation: String) {
        line = 0
        column = 0
        self.explanation = explanation
    }
}

/// The keys of one provider or module in the configuration, beside `type`, `id` and `modules`.
package struct Settings: Equatable, Sendable {
    private let values: [String: Setting]

    package init(_ values: [String: Setting] = [:]) { self.values = values }

    package subscript(key: String) -> Setting? { values[key] }

    package var keys: [String] { values.keys.sorted() }

    /// A whole number in ASCII digits within `range`; `fallback` where the key is absent.
    package func integer(_ key: String, in range: ClosedRange<Int>, default fallback: Int) throws(SettingFailure) -> Int
    {
        guard let setting = values[key] else { return fallback }
        guard case .text(let text, isQuoted: false) = setting.value, let number = Settings.number(text),
            range.contains(number)
        else {
            throw SettingFailure(
                at: setting,
                "\(key) is \(setting.found), expected a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// `true` or `false`; `fallback` where the key is absent.
    package func boolean(_ key: String, default fallback: Bool) throws(SettingFailure) -> Bool {
        guard let setting = values[key] else { return fallback }
        switch setting.value {
        case .text("true", isQuoted: false): return true
        case .text("false", isQuoted: false): return false
        case .text, .list, .map, .nothing:
            throw SettingFailure(at: setting, "\(key) is \(setting.found), expected true or false")
        }
    }

    /// Text that is not empty; nil where the key is absent.
    package func text(_ key: String) throws(SettingFailure) -> String? {
        guard let setting = values[key] else { return nil }
        guard case .text(let text, _) = setting.value, !text.isEmpty else {
            throw SettingFailure(at: setting, "\(key) is \(setting.found), expected text")
        }
        return text
    }

    /// A number in plain digits: no sign, blank, point, exponent or leading zero (`1e9`, `+1`, ` 1`, `007` are none).
    package static func number(_ text: String) -> Int? {
        let digits = Array(text.utf8)
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        guard digits.count == 1 || digits[0] != 0x30 else { return nil }
        return Int(text)
    }
}
