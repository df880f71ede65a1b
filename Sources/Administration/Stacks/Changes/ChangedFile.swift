/// One file of a change: what it was, and what it was made.
struct ChangedFile: Codable, Equatable {
    /// Within the machine's tree.
    let path: String
    /// SHA-256 of what was there before; nil where nothing was. The bytes themselves are kept beside the record.
    let before: String?
    /// SHA-256 of what was written; nil where the file was taken away.
    let after: String?

    /// How a file is found later.
    enum Standing: Equatable {
        /// As it was before the change.
        case before
        /// As the change has left it.
        case after
        /// Somebody has changed it since.
        case otherwise
    }

    /// Which of the two a file is whose hash is `found`, or that is not there.
    func standing(_ found: String?) -> Standing {
        if found == before { return .before }
        return found == after ? .after : .otherwise
    }
}
