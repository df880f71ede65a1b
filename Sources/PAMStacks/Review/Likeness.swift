import Authentication

/// Which known word somebody may have meant.
enum Likeness {
    /// The word that takes the fewest changes of letters, if that is one or two.
    static func nearest(to word: String, among words: [String]) -> String? {
        let typed = Array(word.lowercased().utf8)
        guard (2...64).contains(typed.count) else { return nil }
        let near = words.map { ($0, Nearness.distance(typed, Array($0.utf8))) }.filter {
            $0.1 <= (typed.count < 5 ? 1 : 2)
        }
        return near.min { ($0.1, $0.0) < ($1.1, $1.0) }?.0
    }
}
