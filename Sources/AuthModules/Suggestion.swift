/// The end of an error message about a word that is none of those expected: `, did you mean 'digits'?` for a near
/// miss, otherwise nothing.
func suggestion(for word: String, among expected: [String]) -> String {
    // Nobody misspells a word of this length, and the comparison is quadratic.
    guard word.utf8.count <= 32 else { return "" }
    let nearest = expected.map { (word: $0, distance: distance(word.lowercased(), $0.lowercased())) }
        .min { $0.distance < $1.distance }
    guard let nearest, nearest.distance <= 2, nearest.distance < nearest.word.utf8.count / 2 else { return "" }
    return ", did you mean '\(nearest.word)'?"
}

/// How many bytes must be added, removed or replaced to make one word of the other (Levenshtein).
private func distance(_ left: String, _ right: String) -> Int {
    let right = Array(right.utf8)
    var row = Array(0...right.count)
    for (line, byte) in left.utf8.enumerated() {
        var diagonal = row[0]
        row[0] = line + 1
        for column in right.indices {
            let replaced = diagonal + (byte == right[column] ? 0 : 1)
            diagonal = row[column + 1]
            row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
        }
    }
    return row[right.count]
}
