/// What the answers to a module look like: whether those to several can be told apart at one prompt.
package enum AnswerShape: Equatable, Sendable {
    /// So many ASCII digits; spaces and hyphens among them do not count.
    case digits(ClosedRange<Int>)
    /// So many characters of base32, in either case; spaces and hyphens among them do not count.
    case base32(Int)
    /// Whatever people like.
    case anything

    /// Whether no answer is of both shapes.
    package func isDistinct(from other: AnswerShape) -> Bool {
        switch (self, other) {
        case (.anything, _), (_, .anything): false
        case (.digits(let mine), .digits(let theirs)): !mine.overlaps(theirs)
        // The digits 2 to 7 are characters of base32 as well: only the length tells.
        case (.digits(let lengths), .base32(let length)), (.base32(let length), .digits(let lengths)):
            !lengths.contains(length)
        case (.base32(let mine), .base32(let theirs)): mine != theirs
        }
    }
}
