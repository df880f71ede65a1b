import Authentication

/// The end of an error message about a word that is none of those expected: `, did you mean 'digits'?` for a near
/// miss, whatever its case, otherwise nothing.
func suggestion(for word: String, among expected: [String]) -> String {
    let candidates = expected.map { (small: $0.lowercased(), word: $0) }
    guard let nearest = Nearness.suggestion(for: word.lowercased(), among: candidates.map(\.small)),
        let candidate = candidates.first(where: { $0.small == nearest })
    else { return "" }
    return ", did you mean '\(candidate.word)'?"
}
