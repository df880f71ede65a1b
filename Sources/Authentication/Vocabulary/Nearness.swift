/// How a word that is not known is matched with one that is.
package enum Nearness {
    /// The candidate that takes the fewest typing errors, if that is one or two and less than half of the word.
    package static func suggestion(for word: String, among candidates: some Sequence<String>) -> String? {
        let typed = Array(word.unicodeScalars)
        // Longer than any word we have: nothing to compare with.
        guard typed.count <= 64 else { return nil }
        let allowed = typed.count < 5 ? 1 : 2
        let near = candidates.compactMap { candidate -> (Int, String)? in
            let known = Array(candidate.unicodeScalars)
            guard abs(known.count - typed.count) <= allowed else { return nil }
            let distance = distance(typed, known)
            return distance <= allowed && distance * 2 < max(typed.count, 2) + 1 ? (distance, candidate) : nil
        }
        return near.min { ($0.0, $0.1) < ($1.0, $1.1) }?.1
    }

    /// Letters put in, left out, changed, or swapped with their neighbour (optimal string alignment).
    package static func distance<Letter: Equatable>(_ left: [Letter], _ right: [Letter]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var cost = min(last[column] + (letter == other ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
