/// What a configuration file may consist of: printable UTF-8, lines, and tabs.
enum SourceText {
    /// The longest file, in bytes.
    static let maximumLength = 1 << 20

    /// The first thing in each line of `bytes` that has no place in a text, as many lines as are told. What is
    /// invisible or turns the reading direction around would let a file say one thing to people and another to us
    /// (CVE-2021-42574).
    static func problems(in bytes: [UInt8], file: String) -> [Problem] {
        guard bytes.count <= maximumLength else {
            return [Problem(file: file, found: "more than \(maximumLength) bytes", expected: "a configuration")]
        }
        var problems: [Problem] = []
        var (line, column) = (1, 1)
        var iterator = bytes.makeIterator()
        var decoder = Unicode.UTF8.ForwardParser()
        var isAfterReturn = false
        while problems.count < Problems.limit {
            switch decoder.parseScalar(from: &iterator) {
            case .emptyInput:
                if isAfterReturn { note("a carriage return without a line feed") }
                return problems
            case .error:
                note("bytes that are not UTF-8", expected: "UTF-8")
                isAfterReturn = false
            case .valid(let encoded):
                let scalar = Unicode.UTF8.decode(encoded)
                if isAfterReturn, scalar != "\n" { note("a carriage return without a line feed") }
                isAfterReturn = scalar == "\r"
                switch scalar {
                case "\n": (line, column) = (line + 1, 1)
                case "\t", "\r": column += 1
                case _ where isPrintable(scalar): column += 1
                case _:
                    let code = String(scalar.value, radix: 16, uppercase: true)
                    let padding = String(repeating: "0", count: max(4 - code.count, 0))
                    note("the character U+\(padding)\(code)", expected: "printable text")
                    column += 1
                }
            }
        }
        return problems

        func note(_ found: String, expected: String? = nil) {
            guard problems.last?.line != line else { return }
            problems.append(Problem(file: file, line: line, column: column, found: found, expected: expected))
        }
    }

    /// Whether a scalar shows, and shows where it stands.
    static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F: false
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: false
        case 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: false
        case _: true
        }
    }
}
