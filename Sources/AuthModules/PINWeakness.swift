internal import Authentication

/// Why a PIN is one of those that are guessed first.
enum PINWeakness {
    /// `123456`, `987654`, `890123`, `abcdef`.
    case sequence
    /// `111111`, `121212`, `123123`.
    case repetition
    /// The name of the account, in either case.
    case accountName

    /// What the person who chose it is told.
    var explanation: String {
        switch self {
        case .sequence: "That PIN is a sequence, which is guessed first. Choose another."
        case .repetition: "That PIN repeats itself, which is guessed first. Choose another."
        case .accountName: "That PIN is the account's name, which is guessed first. Choose another."
        }
    }

    /// Nil for a PIN that has none of these weaknesses.
    init?(of pin: Span<UInt8>, account: AccountName) {
        if PINWeakness.isSequence(pin) {
            self = .sequence
        } else if PINWeakness.isRepetition(pin) {
            self = .repetition
        } else if PINWeakness.isName(pin, account) {
            self = .accountName
        } else {
            return nil
        }
    }

    private static func isSequence(_ pin: Span<UInt8>) -> Bool {
        var ascends = true
        var descends = true
        for index in pin.indices.dropFirst() {
            ascends = ascends && follows(pin[index], pin[index - 1])
            descends = descends && follows(pin[index - 1], pin[index])
        }
        return ascends || descends
    }

    /// Whether one character is behind the other; 0 is behind 9, as on a telephone.
    private static func follows(_ next: UInt8, _ previous: UInt8) -> Bool {
        next == previous &+ 1 || (previous == UInt8(ascii: "9") && next == UInt8(ascii: "0"))
    }

    /// A group of one to four bytes over and over: one character of any kind, or some digits.
    private static func isRepetition(_ pin: Span<UInt8>) -> Bool {
        (1...4).contains { size in
            pin.count >= 2 * size && (size..<pin.count).allSatisfy { pin[$0] == pin[$0 - size] }
        }
    }

    private static func isName(_ pin: Span<UInt8>, _ account: AccountName) -> Bool {
        let name = Array(account.text.utf8)
        return pin.count == name.count && name.indices.allSatisfy { lowercased(pin[$0]) == lowercased(name[$0]) }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
