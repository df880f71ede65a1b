/// A line of PAM that libpam acts on, with the place where it stands; continued lines are one.
package struct StackLine: Equatable, Sendable {
    /// What it says.
    package enum Content: Equatable, Sendable {
        case module(path: String, arguments: [String], control: Control)
        /// The lines of another file of the same group stand here: `auth include FILE`.
        case include(String)
        /// The same, and what ends that file's lines ends no more: `auth substack FILE`.
        case substack(String)
        /// All lines of another file, of every group: `@include FILE`, an addition of Debian's.
        case wholeFile(String)
        /// Something is missing: libpam lets it fail, as its control has it. In words what is wrong.
        case broken(String, control: Control)
    }

    /// Counted from 1.
    package let lines: ClosedRange<Int>
    /// Nil for `@include`, and where the group's word is none that there is.
    package let group: ManagementGroup?
    /// The group as it is written, without a `-` before it; `@include`.
    package let groupWord: String
    /// Whether it begins with `-`: no word in the journal where its module is missing.
    package let isSilent: Bool
    package let content: Content
    /// The words, and where they stand on the line if it is one alone.
    let tokens: [Token]
    /// Without a comment and the line's end.
    let source: [UInt8]

    /// Reads an assembled line; nil where there is nothing on it.
    init?(_ source: [UInt8], lines: ClosedRange<Int>) {
        let tokens = Token.all(in: source)
        guard let first = tokens.first else { return nil }
        self.lines = lines
        self.tokens = tokens
        self.source = source
        isSilent = first.text.utf8.first == UInt8(ascii: "-")
        let word = isSilent ? String(first.text.dropFirst()) : first.text
        groupWord = word
        group = ManagementGroup(rawValue: word.lowercased())
        if word.lowercased() == "@include" {
            content =
                tokens.count > 1
                ? .wholeFile(tokens[1].text) : .broken("@include without a file", control: Control("required"))
            return
        }
        content = StackLine.content(Array(tokens.dropFirst()))
    }

    private static func content(_ tokens: [Token]) -> Content {
        guard let control = tokens.first else {
            return .broken("a line without a control", control: Control("required"))
        }
        guard tokens.count > 1 else {
            return .broken("a line without a module", control: Control(control.text))
        }
        let target = tokens[1].text
        switch control.text.lowercased() {
        case "include": return .include(target)
        case "substack": return .substack(target)
        case _:
            return .module(
                path: target, arguments: tokens.dropFirst(2).map(\.text), control: Control(control.text))
        }
    }

    /// The control, where there is one.
    package var control: Control? {
        switch content {
        case .module(_, _, let control), .broken(_, let control): control
        case .include, .substack, .wholeFile: nil
        }
    }

    /// The module's name without its folder, `pam_unix.so`; nil where the line names none. A file of our module's name that
    /// lies elsewhere than modules do is another, and keeps its folder.
    package var module: String? {
        guard case .module(let path, _, _) = content else { return nil }
        return isImpostor ? path : path.split(separator: "/").last.map(String.init) ?? path
    }

    /// Whether it names a file that is called as our module is and lies where anybody may have put it.
    var isImpostor: Bool {
        guard case .module(let path, _, _) = content else { return false }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count > 1, parts.last == "pam_twostep.so" else { return false }
        let folder = parts.dropLast().joined(separator: "/")
        // libpam puts its own folder in the place of $ISA.
        return folder != "$ISA" && !ModuleFolders.isOne(folder)
    }

    /// Whether it names our module, or something that is mistaken for its name.
    var isLikeOurs: Bool {
        guard let module = module?.trimmingEnd() else { return false }
        return module.hasPrefix("pam_twostep") || Likeness.nearest(to: module, among: ["pam_twostep.so"]) != nil
    }

    /// The module's arguments.
    package var arguments: [String] {
        guard case .module(_, let arguments, _) = content else { return [] }
        return arguments
    }

    /// The line with other words in some places, `[1: "requisite"]`; an empty word takes one away. A line that was
    /// continued becomes one.
    package func text(replacing words: [Int: String]) -> String {
        guard lines.count == 1 else {
            let kept = tokens.indices.map { words[$0] ?? spelling(of: $0) }.filter { !$0.isEmpty }
            return StackLine.closed(kept.joined(separator: " "))
        }
        var bytes = source
        for (index, token) in tokens.enumerated().reversed() {
            guard let word = words[index] else { continue }
            var place = token.place
            // What stood between it and its predecessor goes with it.
            if word.isEmpty, index > 0 { place = tokens[index - 1].place.upperBound..<place.upperBound }
            bytes.replaceSubrange(place, with: Array(word.utf8))
        }
        return StackLine.closed(String(decoding: bytes, as: UTF8.self).trimmingEnd())
    }

    /// A text that the next line is no part of: behind a backslash stands a comment, as it did where it was read.
    private static func closed(_ text: String) -> String {
        let last = text.utf8.last { !StackFile.isBlank($0) }
        return last == UInt8(ascii: "\\") ? text + " #" : text
    }

    private func spelling(of index: Int) -> String {
        let token = tokens[index]
        let isBracketed = index == 1 && control.map { $0.spelling.utf8.first == UInt8(ascii: "[") } ?? false
        return isBracketed ? "[\(token.text)]" : Token.spelling(token.text)
    }
}

extension String {
    /// Without blanks at its end.
    func trimmingEnd() -> String {
        var text = Substring(self)
        while let last = text.utf8.last, Token.isSpace(last) || last == 0x0D { text = Substring(text.utf8.dropLast()) }
        return String(text)
    }
}
