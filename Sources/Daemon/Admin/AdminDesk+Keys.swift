import AdminProtocol
import Authentication
import EnrollmentStores

/// The keys that secrets are sealed with, and their rotation.
extension AdminDesk {
    /// How many secrets are sealed anew in one transaction; logins wait no longer than that takes.
    private static let part = 256
    /// How many failures are told of a part, each in a sentence.
    private static let mostFailures = 20

    /// Tells the keys; on the writer's thread, since files are read.
    func keys(_ answer: AdminAnswer) {
        withKeys(answer) { keys, _ throws(StoreFailure) in .keys(try AdminDesk.describe(keys)) }
    }

    /// Seals a part of all secrets anew, with the key that is to take the present one's place.
    func reseal(after row: SealedRow?, _ answer: AdminAnswer) {
        let journal = service.journal
        withKeys(answer) { keys, store throws(StoreFailure) in
            let before = try keys.get().current
            let key = try keys.adoptNext()
            if before != key {
                journal.notice("secrets are sealed with another key from now on: \(key), before: \(before)")
            }
            let part = try store.reseal(after: row, atMost: AdminDesk.part)
            for failure in part.failures { journal.error("a secret keeps its key: \(failure.description)") }
            if part.next == nil { journal.notice("every secret that could be opened is sealed with the key \(key)") }
            return .resealed(
                ResealedPart(
                    key: key, secrets: part.count,
                    failures: part.failures.prefix(AdminDesk.mostFailures).map(\.description), next: part.next))
        }
    }

    /// Forgets the keys before the present one.
    func retireKeys(_ answer: AdminAnswer) {
        withKeys(answer) { keys, _ throws(StoreFailure) in
            keys.retire()
            return .keys(try AdminDesk.describe(keys))
        }
    }

    private static func describe(_ keys: SealingKeySource) throws(StoreFailure) -> KeyStanding {
        let standing = try keys.standing()
        return KeyStanding(
            current: standing.current, former: standing.former, file: standing.file, fileKey: standing.fileKey,
            nextFile: standing.next?.path, nextKey: standing.next?.key)
    }

    private func withKeys(
        _ answer: AdminAnswer,
        _ task: @escaping @Sendable (SealingKeySource, any EnrollmentStore) throws(StoreFailure) -> AdminReply
    ) {
        guard let keys = keySource else {
            return answer.refuse(.storeUnavailable, "This store's secrets are sealed with no key.")
        }
        withStore(answer) { store throws(StoreFailure) in try task(keys, store) }
    }
}
