/// A line of sshd_config or of a file that it includes.
package struct SSHDLine: Equatable {
    /// In small letters, an old name replaced by the present one.
    package let keyword: String
    package let arguments: [String]
    /// Within the tree.
    package let path: String
    /// From 1.
    package let number: Int
    /// What stands before the keyword.
    package let indentation: String
    /// The blocks that it stands in, by their number in the file; more than one where a block includes a file.
    package let blocks: [Int]

    /// Reads a line; nil where there is none (sshd_config(5)).
    package init?(_ text: String, path: String, number: Int, blocks: [Int]) {
        let indentation = text.prefix { $0 == " " || $0 == "\t" }
        var rest = text.dropFirst(indentation.count)
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        guard let first = rest.first, first != "#" else { return nil }
        let keyword = rest.prefix { $0 != " " && $0 != "\t" && $0 != "=" && $0 != "\"" }.lowercased()
        guard !keyword.isEmpty else { return nil }
        rest = rest.dropFirst(keyword.count)
        rest = rest.drop { $0 == " " || $0 == "\t" }
        if rest.first == "=" { rest = rest.dropFirst() }
        let old = ["challengeresponseauthentication", "skeyauthentication"]
        self.keyword = old.contains(keyword) ? "kbdinteractiveauthentication" : keyword
        arguments = SSHDLine.words(rest)
        self.path = path
        self.number = number
        self.indentation = String(indentation)
        self.blocks = blocks
    }

    /// Whether a line is quoted in a way of sshd's that is not read here: a keyword in quotation marks, and single ones and
    /// backslashes anywhere.
    static func isDoubtful(_ text: String) -> Bool {
        guard let first = text.first(where: { $0 != " " && $0 != "\t" }), first != "#" else { return false }
        return first == "\"" || text.contains { $0 == "'" || $0 == "\\" }
    }

    /// Words between blanks, or between quotation marks.
    private static func words(_ text: Substring) -> [String] {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        var isWord = false
        for character in text {
            if character == "#", !isQuoted, !isWord { break }
            if character == "\"" {
                isQuoted.toggle()
                isWord = true
            } else if character == " " || character == "\t", !isQuoted {
                if isWord { words.append(word) }
                (word, isWord) = ("", false)
            } else {
                word.append(character)
                isWord = true
            }
        }
        if isWord { words.append(word) }
        return words
    }
}
