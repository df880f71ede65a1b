/// What is to become of each file of a change that is taken back: decided over all of them, before the first is touched.
struct ReversalPlan {
    /// What becomes of a file.
    enum Fate: Equatable {
        /// It is as it was before the change.
        case asBefore
        /// It is as the change has left it, and goes back to these bytes; nil takes it away.
        case putBack([UInt8]?)
        /// Somebody has changed it since. Our part of it goes, or comes again, and nothing else.
        case edit([UInt8]?)
        /// Somebody has changed it since, and there is nothing in it that would have to be undone.
        case leave
        /// It would have to change and cannot. Why, as a sentence.
        case stuck(String)
        /// It could change, and must not without the one of this path.
        case held(String)

        /// Whether something is written.
        var acts: Bool {
            switch self {
            case .putBack, .edit: true
            case .asBefore, .leave, .stuck, .held: false
            }
        }
    }

    struct File {
        let path: String
        /// As it was found.
        let found: FoundFile
        var fate: Fate
    }

    /// Files that go together or not at all, in the order in which they are written.
    let units: [[File]]
    /// What is worth a thought: an original that is lost.
    let warnings: [String]
}
