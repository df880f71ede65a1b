internal import Authentication
// What the standard library compares strings by, and tells nobody else: the composed form of their letters.
@_spi(_Unicode) internal import Swift

/// The names of users that providers keep themselves: people type them on whatever device they have, so the case of
/// letters, the way an accent was typed and white space around them make no difference.
///
/// Names of local accounts are never folded (`AccountName`): there a different name is a different person.
enum Username {
    /// The form in which a typed name is kept and compared: outer white space off, case folded, in composed form
    /// (Unicode 3.13, toCasefold, and normalization form C); nil for what can be no name.
    static func folded(_ typed: String) -> AccountName? {
        let scalars = typed.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return nil }
        var folded = String.UnicodeScalarView()
        // Taken apart first: an iota under a letter folds otherwise once the two are one.
        for scalar in String(scalars[first...last])._nfd { folded.append(contentsOf: fold(scalar)) }
        var composed = String.UnicodeScalarView()
        for scalar in String(folded)._nfc { composed.append(scalar) }
        return AccountName(String(composed))
    }

    /// The case folding of one scalar, as CaseFolding.txt has it (C and F), from the mappings that the standard library
    /// tells: lower case of upper case, twice for the capital sharp s.
    private static func fold(_ scalar: Unicode.Scalar) -> String.UnicodeScalarView {
        guard scalar.properties.changesWhenCaseFolded else { return String.UnicodeScalarView([scalar]) }
        let lower = String(scalar).uppercased().lowercased().uppercased().lowercased()
        // Cherokee alone folds to its capitals, which were there first.
        let isCherokee = lower.unicodeScalars.contains { $0.properties.changesWhenCaseFolded }
        return (isCherokee ? String(scalar).uppercased() : lower).unicodeScalars
    }
}
