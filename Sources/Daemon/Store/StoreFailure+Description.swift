package import Authentication

extension StoreFailure: CustomStringConvertible {
    /// One sentence for the journal and `twostep status`.
    package var description: String {
        switch self {
        case .unreachable(let explanation), .damaged(let explanation), .notDurable(let explanation),
            .inUse(let explanation), .sealedWithAnotherKey(let explanation):
            explanation
        case .newer(let found, let known):
            "the store was written by a newer version of Twostep (schema \(found), this one knows \(known)): install that version"
        }
    }
}
