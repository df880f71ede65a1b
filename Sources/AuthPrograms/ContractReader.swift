internal import Authentication

/// Reads the one line that a program answers: an object of JSON and a newline, and nothing else.
///
/// Foundation's reader would leave copies of secrets behind, and takes what RFC 8259 leaves open.
struct ContractReader {
    private var position = 0
    private var depth = 0

    /// How deep values may lie in each other.
    private static let deepest = 4

    /// The members of the object that `output` is.
    static func read(_ output: Span<UInt8>) throws(ContractFault) -> [String: ContractValue] {
        guard output.count > 0 else { throw ContractFault("it answers nothing") }
        var end = 0
        while end < output.count, output[end] != UInt8(ascii: "\n") { end += 1 }
        guard end < output.count || output.count < Contract.longestLine else {
            throw ContractFault("its answer is longer than \(Contract.longestLine) bytes")
        }
        guard end < Contract.longestLine else {
            throw ContractFault("its answer is longer than \(Contract.longestLine) bytes")
        }
        guard end + 1 >= output.count else { throw ContractFault("it writes more than one line") }
        let line = output.extracting(0..<end)
        guard (try? UTF8Span(validating: line)) != nil else { throw ContractFault("its answer is no UTF-8") }
        var reader = ContractReader()
        guard case .object(let members) = try reader.value(line) else {
            throw ContractFault("its answer is no object of JSON")
        }
        reader.skipBlanks(line)
        guard reader.position == line.count else { throw ContractFault("something stands behind its answer") }
        return members
    }

    private mutating func value(_ text: Span<UInt8>) throws(ContractFault) -> ContractValue {
        skipBlanks(text)
        guard position < text.count else { throw ContractFault("its answer breaks off") }
        switch text[position] {
        case UInt8(ascii: "{"): return try deeper { (reader) throws(ContractFault) in try reader.object(text) }
        case UInt8(ascii: "["): return try deeper { (reader) throws(ContractFault) in try reader.list(text) }
        case UInt8(ascii: "\""): return .text(try string(text))
        case _: return try word(text)
        }
    }

    private mutating func deeper(
        _ body: (inout ContractReader) throws(ContractFault) -> ContractValue
    ) throws(ContractFault) -> ContractValue {
        guard depth < ContractReader.deepest else { throw ContractFault("its answer is too deep") }
        depth += 1
        position += 1
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func object(_ text: Span<UInt8>) throws(ContractFault) -> ContractValue {
        var members: [String: ContractValue] = [:]
        guard !takes("}", text) else { return .object(members) }
        repeat {
            skipBlanks(text)
            guard position < text.count, text[position] == UInt8(ascii: "\"") else {
                throw ContractFault("a member of its answer has no name")
            }
            let name = try string(text).string
            guard takes(":", text) else { throw ContractFault("a member of its answer has no value") }
            guard members.updateValue(try value(text), forKey: name) == nil else {
                throw ContractFault("a member of its answer stands twice")
            }
        } while takes(",", text)
        guard takes("}", text) else { throw ContractFault("an object of its answer is not closed") }
        return .object(members)
    }

    private mutating func list(_ text: Span<UInt8>) throws(ContractFault) -> ContractValue {
        var values: [ContractValue] = []
        guard !takes("]", text) else { return .list(values) }
        repeat { values.append(try value(text)) } while takes(",", text)
        guard takes("]", text) else { throw ContractFault("a list of its answer is not closed") }
        return .list(values)
    }

    private mutating func word(_ text: Span<UInt8>) throws(ContractFault) -> ContractValue {
        let start = position
        while position < text.count, ContractReader.isOfWord(text[position]) { position += 1 }
        let word = String(utf8: text.extracting(start..<position)) ?? ""
        switch word {
        case "null": return .null
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case _:
            let digits = word.hasPrefix("-") ? word.dropFirst() : word[...]
            // No sign, fraction or exponent, and no zero in front.
            guard let number = Int64(word), !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                digits.count == 1 || !digits.hasPrefix("0")
            else { throw ContractFault("its answer has a value that is none of JSON's, or no whole number") }
            return .integer(number)
        }
    }

    private static func isOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
            true
        case _: false
        }
    }

    /// The string whose opening quote stands at `position`.
    private mutating func string(_ text: Span<UInt8>) throws(ContractFault) -> ContractText {
        position += 1
        let start = position
        while true {
            guard position < text.count, text[position] >= 0x20 else {
                throw ContractFault("a text of its answer is not closed")
            }
            if text[position] == UInt8(ascii: "\"") { break }
            position += text[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        let quoted = text.extracting(start..<position)
        position += 1
        // No escape is shorter than what it stands for.
        var count = 0
        let plain = try Secret(count: quoted.count) { (target) throws(ContractFault) in
            var index = 0
            while index < quoted.count {
                guard quoted[index] == UInt8(ascii: "\\") else {
                    target[count] = quoted[index]
                    count += 1
                    index += 1
                    continue
                }
                for byte in try ContractReader.escaped(quoted, &index) {
                    target[count] = byte
                    count += 1
                }
            }
        }
        return ContractText(plain.withBytes { Secret(copying: $0.extracting(first: count)) })
    }

    /// What the escape at `index` stands for; `index` is then behind it.
    private static func escaped(_ text: Span<UInt8>, _ index: inout Int) throws(ContractFault) -> [UInt8] {
        guard index + 1 < text.count else { throw ContractFault("a text of its answer ends in a backslash") }
        let kind = text[index + 1]
        index += 2
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [kind]
        case UInt8(ascii: "n"): return [UInt8(ascii: "\n")]
        case UInt8(ascii: "r"): return [UInt8(ascii: "\r")]
        case UInt8(ascii: "t"): return [UInt8(ascii: "\t")]
        case UInt8(ascii: "b"): return [8]
        case UInt8(ascii: "f"): return [12]
        case UInt8(ascii: "u"):
            var value = try hexadecimal(text, &index)
            if (0xD800...0xDBFF).contains(value) {
                guard index + 1 < text.count, text[index] == UInt8(ascii: "\\"), text[index + 1] == UInt8(ascii: "u")
                else { throw ContractFault("half a character stands in its answer") }
                index += 2
                let low = try hexadecimal(text, &index)
                guard (0xDC00...0xDFFF).contains(low) else {
                    throw ContractFault("half a character stands in its answer")
                }
                value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(value) else {
                throw ContractFault("half a character stands in its answer")
            }
            return Array(String(Character(scalar)).utf8)
        case _: throw ContractFault("there is an escape in its answer that JSON has not")
        }
    }

    private static func hexadecimal(_ text: Span<UInt8>, _ index: inout Int) throws(ContractFault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard index < text.count, let digit = Character(Unicode.Scalar(text[index])).hexDigitValue,
                text[index] < 0x80
            else { throw ContractFault("a \\u of its answer has no four digits") }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }

    private mutating func skipBlanks(_ text: Span<UInt8>) {
        while position < text.count, [0x20, 0x09, 0x0D].contains(text[position]) { position += 1 }
    }

    private mutating func takes(_ character: Unicode.Scalar, _ text: Span<UInt8>) -> Bool {
        skipBlanks(text)
        guard position < text.count, UInt32(text[position]) == character.value else { return false }
        position += 1
        return true
    }
}
