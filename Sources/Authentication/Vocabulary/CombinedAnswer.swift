/// A password and a code in one answer, the code right behind the password (`conversation: single`): where the one ends
/// and the other begins.
///
/// The end of the answer alone decides, by bytes. So the password may be anything, end in digits too, and no character
/// of it is cut; and what is found depends on nothing but what was typed and what is configured.
package struct CombinedAnswer: Equatable, Sendable {
    /// How many digits a code of digits has here, 6 to 8: with two lengths there would be two passwords to be tried.
    package let codeDigits: Int

    /// `codeDigits` beyond 6 to 8 are the nearest of them.
    package init(codeDigits: Int = 6) { self.codeDigits = min(max(codeDigits, 6), 8) }

    /// Whether a code of that shape can be told from the password before it.
    package func canTellApart(_ shape: AnswerShape) -> Bool {
        switch shape {
        case .digits(let lengths): lengths.contains(codeDigits)
        case .base32: true
        case .anything: false
        }
    }

    /// The offset at which the code begins, 0 if there is nothing before it; nil if the answer ends in no code of these
    /// shapes.
    ///
    /// Digits may have single spaces among them, as apps show them. What is written in base32 has a hyphen after each
    /// fourth character, as it is printed, and so it never ends like digits do; of two lengths the longer one is meant.
    package func start(ofCodeIn answer: Span<UInt8>, _ shapes: [AnswerShape]) -> Int? {
        var characters: [Int] = []
        var hasDigits = false
        for shape in shapes where canTellApart(shape) {
            switch shape {
            case .digits: hasDigits = true
            case .base32(let count): characters.append(count)
            case .anything: continue
            }
        }
        for count in characters.sorted(by: >) {
            if let start = CombinedAnswer.start(ofGroupsIn: answer, count) { return start }
        }
        return hasDigits ? start(ofDigitsIn: answer) : nil
    }

    private func start(ofDigitsIn answer: Span<UInt8>) -> Int? {
        var index = answer.count
        var left = codeDigits
        var isBehindDigit = false
        while left > 0 {
            guard index > 0 else { return nil }
            index -= 1
            switch answer[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                left -= 1
                isBehindDigit = true
            case UInt8(ascii: " ") where isBehindDigit: isBehindDigit = false
            case _: return nil
            }
        }
        return index
    }

    /// Characters of base32 in groups of four, in either case, with 0, 1 and 8 for what they look like.
    private static func start(ofGroupsIn answer: Span<UInt8>, _ characters: Int) -> Int? {
        let length = characters + max(characters - 1, 0) / 4
        guard characters > 0, length <= answer.count else { return nil }
        let start = answer.count - length
        for offset in 0..<length {
            let byte = answer[start + offset]
            let isInPlace =
                switch byte {
                case UInt8(ascii: "-"): offset % 5 == 4
                case UInt8(ascii: "9"): false
                case UInt8(ascii: "0")...UInt8(ascii: "8"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"):
                    offset % 5 != 4
                case _: false
                }
            guard isInPlace else { return nil }
        }
        return start
    }
}

extension UserInput {
    /// The first field, cut in two at an offset; nil if it is shorter.
    package func cut(at offset: Int) -> (before: UserInput, behind: UserInput)? {
        withField { bytes in
            guard (0...bytes.count).contains(offset) else { return nil }
            return (
                UserInput(Secret(copying: bytes.extracting(0..<offset))),
                UserInput(Secret(copying: bytes.extracting(offset..<bytes.count)))
            )
        }
    }
}
