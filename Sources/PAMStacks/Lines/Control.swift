/// The control of a line: what is done with each thing that its module may return (pam.d(5)).
package struct Control: Equatable, Sendable {
    /// One of `required`, `requisite`, `sufficient`, `optional`, or what stands between the brackets.
    package let text: String
    /// Whether libpam can make something of it. What it cannot fails, whatever the module returns.
    package let isUnderstood: Bool
    private let actions: [PAMResult: Action]
    private let otherwise: Action

    /// Reads a control as libpam does: keywords in any case, everything else as pairs, with the default `bad`.
    package init(_ text: String) {
        self.text = text
        if let keyword = Control.keyword(text) {
            (actions, otherwise, isUnderstood) = (keyword.actions, keyword.otherwise, true)
        } else if let pairs = Control.pairs(text) {
            (actions, otherwise, isUnderstood) = (pairs.actions, pairs.otherwise, true)
        } else {
            (actions, otherwise, isUnderstood) = ([:], .bad, false)
        }
    }

    /// What is done with a result.
    package subscript(_ result: PAMResult) -> Action { actions[result] ?? otherwise }

    /// Whether a success or a failure makes libpam pass lines over.
    package var jumps: Bool {
        PAMResult.allCases.contains {
            if case .jump = self[$0] { return true }
            return false
        }
    }

    /// As it stands on a line: in brackets unless it is one word.
    package var spelling: String { Control.keyword(text) == nil ? "[\(text)]" : text }

    private static func keyword(_ text: String) -> (actions: [PAMResult: Action], otherwise: Action)? {
        switch text.lowercased() {
        case "required": ([.success: .ok, .newTokenRequired: .ok, .ignore: .ignore], .bad)
        case "requisite": ([.success: .ok, .newTokenRequired: .ok, .ignore: .ignore], .die)
        case "optional": ([.success: .ok, .newTokenRequired: .ok], .ignore)
        case "sufficient": ([.success: .done, .newTokenRequired: .done], .ignore)
        case _: nil
        }
    }

    /// `code=action` in any number. A `default` is for what has not been named before it; what is named after it
    /// counts all the same.
    private static func pairs(_ text: String) -> (actions: [PAMResult: Action], otherwise: Action)? {
        var actions: [PAMResult: Action] = [:]
        var rest = Substring(text)
        while true {
            skipSpace(&rest)
            guard !rest.isEmpty else { break }
            let result = PAMResult.allCases.first { rest.utf8.starts(with: $0.rawValue.utf8) }
            guard let word = result?.rawValue ?? (rest.utf8.starts(with: "default".utf8) ? "default" : nil) else {
                return nil
            }
            drop(word.utf8.count, of: &rest)
            skipSpace(&rest)
            guard rest.utf8.first == UInt8(ascii: "=") else { return nil }
            drop(1, of: &rest)
            skipSpace(&rest)
            guard let action = action(&rest) else { return nil }
            if let result {
                actions[result] = action
            } else {
                for result in PAMResult.allCases where actions[result] == nil { actions[result] = action }
            }
        }
        return (actions, .bad)
    }

    /// A word, or the number of a jump; 0 is none.
    private static func action(_ rest: inout Substring) -> Action? {
        if let (word, action) = Action.words.first(where: { rest.utf8.starts(with: $0.word.utf8) }) {
            drop(word.utf8.count, of: &rest)
            return action
        }
        let digits = rest.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard !digits.isEmpty else { return nil }
        // More lines than any file has: beyond its end in any case.
        let count = Int(Substring(digits)) ?? Int.max
        drop(digits.count, of: &rest)
        return count > 0 ? .jump(count) : nil
    }

    private static func skipSpace(_ rest: inout Substring) {
        drop(rest.utf8.prefix { $0 == 0x20 || (0x09...0x0D).contains($0) }.count, of: &rest)
    }

    private static func drop(_ count: Int, of rest: inout Substring) {
        rest = Substring(rest.utf8.dropFirst(count))
    }
}
