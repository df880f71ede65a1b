/// The secrets of a file once more, found in other ways than the importers': as simply as can be, and rather too many.
enum SecretsInText {
    static func googleAuthenticator(_ text: [UInt8]) -> [UInt8]? {
        let letters: [UInt8: UInt8] = [0x30: 0x4F, 0x31: 0x4C, 0x38: 0x42]
        return Base32Text.reference(line(1, of: text).map { letters[$0] ?? $0 })
    }

    static func usersOATH(_ text: [UInt8], line number: Int) -> [UInt8]? {
        let words = line(number, of: text).split { $0 == 0x20 || $0 == 0x09 }
        guard words.count > 3 else { return nil }
        let digits = words[3].compactMap { Character(Unicode.Scalar($0)).hexDigitValue.map { UInt8($0) } }
        guard digits.count == words[3].count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    static func otpauth(_ text: [UInt8], line number: Int) -> [[UInt8]] {
        values(of: "secret", in: line(number, of: text)).compactMap { Base32Text.reference($0) }
    }

    static func migration(_ text: [UInt8], line number: Int) -> [[UInt8]] {
        values(of: "data", in: line(number, of: text)).map { base64($0) }
    }

    static func csv(_ text: [UInt8]) -> [[UInt8]] {
        text.split { [0x0A, 0x0D, 0x22, 0x2C].contains($0) }.compactMap { Base32Text.reference(Array($0)) }
    }

    static func json(_ text: [UInt8]) -> [[UInt8]] {
        let quoted = text.split(separator: 0x22).compactMap { Base32Text.reference(Array($0)) }
        let bare = text.split { Array(" \t\r\n,:[]{}\"".utf8).contains($0) }
        return quoted + bare.compactMap { Base32Text.reference(Array($0)) }
    }

    private static func line(_ number: Int, of text: [UInt8]) -> [UInt8] {
        let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard number >= 1, number <= lines.count else { return [] }
        let line = lines[number - 1]
        return Array(line.last == 0x0D ? line.dropLast() : line)
    }

    /// What stands behind `NAME=` in parts between `?`, `&` and blanks, percent-encoding taken out.
    private static func values(of name: String, in line: [UInt8]) -> [[UInt8]] {
        let line = line.reversed().drop { $0 == 0x20 || $0 == 0x09 }.reversed()
        return line.split { $0 == 0x3F || $0 == 0x26 }.compactMap { part in
            let prefix = Array((name + "=").utf8)
            guard part.prefix(prefix.count).map({ $0 | 0x20 }) == prefix.map({ $0 | 0x20 }) else { return nil }
            return percentDecoded(Array(part.dropFirst(prefix.count)))
        }
    }

    private static func percentDecoded(_ text: [UInt8]) -> [UInt8] {
        var decoded: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            let pair = String(decoding: rest.prefix(2), as: UTF8.self)
            if byte == 0x25, pair.utf8.count == 2, let value = UInt8(pair, radix: 16) {
                decoded.append(value)
                rest = rest.dropFirst(2)
            } else {
                decoded.append(byte)
            }
        }
        return decoded
    }

    /// RFC 4648 sections 4 and 5; what is of neither alphabet is passed over.
    private static func base64(_ text: [UInt8]) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let values = text.map { $0 == 0x2D ? 0x2B : $0 == 0x5F ? 0x2F : $0 }.compactMap { alphabet.firstIndex(of: $0) }
        let bits = values.flatMap { value in (0..<6).reversed().map { value >> $0 & 1 == 1 } }
        return stride(from: 0, to: bits.count - bits.count % 8, by: 8).map { start in
            bits[start..<start + 8].reduce(0) { $0 << 1 | ($1 ? 1 : 0) }
        }
    }
}
