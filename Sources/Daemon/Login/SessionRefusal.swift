import Authentication

/// Why no validation session is opened for a step.
enum SessionRefusal: Error, Equatable {
    /// As many are open as may be, for callers of this kind.
    case full
    /// There are no random bytes to make an id of, and one that could be guessed is none.
    case noRandomness

    /// The same in the words of the journal.
    var reason: Reason {
        switch self {
        case .full: .tooBusy
        case .noRandomness: .noRandomness
        }
    }
}
