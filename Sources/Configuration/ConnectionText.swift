/// The form in which libpq takes its parameters: `name=value name = 'value with spaces'` (PostgreSQL, "Keyword/Value Connection Strings").
enum ConnectionText {
    /// The parameters in their order; nil if it is no such text.
    static func parameters(in text: String) -> [StoreSettings.Parameter]? {
        var found: [StoreSettings.Parameter] = []
        var rest = text.unicodeScalars[...]
        while true {
            skipSpaces(&rest)
            guard !rest.isEmpty else { return found }
            var name = ""
            while let next = rest.first, next != "=", !isSpace(next) {
                name.unicodeScalars.append(next)
                rest.removeFirst()
            }
            skipSpaces(&rest)
            guard rest.popFirst() == "=", isName(name) else { return nil }
            skipSpaces(&rest)
            guard let value = rest.first == "'" ? quoted(&rest) : plain(&rest) else { return nil }
            found.append(StoreSettings.Parameter(name: name, value: value))
        }
    }

    private static func plain(_ rest: inout Substring.UnicodeScalarView) -> String? {
        var value = ""
        while let next = rest.first, !isSpace(next) {
            rest.removeFirst()
            guard next == "\\" else {
                value.unicodeScalars.append(next)
                continue
            }
            guard let escaped = rest.popFirst() else { return nil }
            value.unicodeScalars.append(escaped)
        }
        return value
    }

    private static func quoted(_ rest: inout Substring.UnicodeScalarView) -> String? {
        var value = ""
        rest.removeFirst()
        while let next = rest.popFirst() {
            switch next {
            case "'": return value
            case "\\":
                guard let escaped = rest.popFirst() else { return nil }
                value.unicodeScalars.append(escaped)
            case _: value.unicodeScalars.append(next)
            }
        }
        return nil
    }

    private static func skipSpaces(_ rest: inout Substring.UnicodeScalarView) {
        while let next = rest.first, isSpace(next) { rest.removeFirst() }
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || ("\t"..."\r").contains(scalar) }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x5F || (0x30...0x39).contains($0) }
    }
}
