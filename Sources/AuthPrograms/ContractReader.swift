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
        do throws(JSONString.Fault) {
            return ContractText(try JSONString.read(text, from: &position))
        } catch {
            switch error {
            case .unclosed: throw ContractFault("a text of its answer is not closed")
            case .cutEscape: throw ContractFault("a text of its answer ends in a backslash")
            case .unknownEscape: throw ContractFault("there is an escape in its answer that JSON has not")
            case .digitsMissing: throw ContractFault("a \\u of its answer has no four digits")
            case .halfCharacter: throw ContractFault("half a character stands in its answer")
            }
        }
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
