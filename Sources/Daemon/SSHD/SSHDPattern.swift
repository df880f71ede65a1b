import Authentication

/// Lists of patterns as sshd_config(5) has them: `*` and `?`, networks, and `!` for what is not meant.
package enum SSHDPattern {
    /// Whether a word is in a list: one that is excluded is not, whatever else matches.
    package static func holds(_ list: String, for word: String, networks: Bool = false) -> Bool {
        var isIn = false
        for entry in list.split(separator: ",") {
            let isExclusion = entry.first == "!"
            let pattern = isExclusion ? entry.dropFirst() : entry
            let matches =
                networks && pattern.contains("/")
                ? IPAddress(word).map { Network(String(pattern))?.contains($0) ?? false } ?? false
                : matches(Array(pattern.utf8), Array(word.utf8))
            guard matches else { continue }
            if isExclusion { return false }
            isIn = true
        }
        return isIn
    }

    /// A word for each pattern of a list that it matches; empty for a list of exclusions alone.
    package static func examples(of list: String, networks: Bool = false) -> [String] {
        list.split(separator: ",").filter { $0.first != "!" }.compactMap { entry in
            if networks, entry.contains("/") { return entry.split(separator: "/").first.map(String.init) }
            let filler = networks ? "1" : "x"
            return entry.map { $0 == "*" || $0 == "?" ? filler : String($0) }.joined()
        }
    }

    private static func matches(_ pattern: [UInt8], _ word: [UInt8]) -> Bool {
        // By dynamic programming: patterns come from a file, and many stars must not take for ever.
        var reachable = Set([0])
        for letter in pattern {
            switch letter {
            case UInt8(ascii: "*"): reachable = reachable.min().map { Set($0...word.count) } ?? []
            case UInt8(ascii: "?"): reachable = Set(reachable.filter { $0 < word.count }.map { $0 + 1 })
            case _: reachable = Set(reachable.filter { $0 < word.count && word[$0] == letter }.map { $0 + 1 })
            }
        }
        return reachable.contains(word.count)
    }
}
