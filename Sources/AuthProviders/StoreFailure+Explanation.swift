internal import Authentication

extension StoreFailure {
    /// Why a provider cannot look at the users that are kept for it.
    var explanation: String {
        switch self {
        case .unreachable(let words), .damaged(let words), .notDurable(let words), .inUse(let words),
            .sealedWithAnotherKey(let words):
            words
        case .newer(let found, let known): "the store has version \(found), this Twostep knows \(known)"
        }
    }
}
