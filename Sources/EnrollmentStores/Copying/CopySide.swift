internal import Authentication

/// One of the two stores that a copy is made between; used by one thread at a time.
protocol CopySide: AnyObject {
    /// Which store it is, without anything secret.
    var description: String { get }

    /// What it says of a copy.
    func mark() throws(StoreFailure) -> StoreMark?

    /// The rows of a table behind a key, and not behind another one, in the order of their keys' bytes: so many at most.
    func rows(
        of table: CopiedTable, after key: [CopiedValue]?, upTo last: [CopiedValue]?, atMost limit: Int
    ) throws(StoreFailure) -> [CopiedRow]
}

/// The store that is copied.
protocol CopySource: CopySide {
    /// Which database it is, and whose place it has taken; nothing for a store of one machine.
    func ancestry() throws(StoreFailure) -> [StoreOrigin]

    /// Says that it is being copied; changes nothing else.
    func announce(_ mark: StoreMark) throws(StoreFailure)

    /// Throws unless this is the very store that the daemon has open, nil for none, so that all of its logins are in it.
    func check(against held: (any EnrollmentStore)?) throws(StoreFailure)

    /// Runs `body` while nobody else can write, and marks the store as moved if that does not throw: from then on it is refused
    /// by whoever opens it or has it open, here and elsewhere.
    func giveUp(_ mark: StoreMark, once body: () throws(StoreFailure) -> Void) throws(StoreFailure)

    /// Writes once more that it was given up, as it said by `mark`, which is then kept wherever it could be asked for again: throws
    /// where it says something else, or where that was not waited for.
    func confirm(_ mark: StoreMark) throws(StoreFailure)
}

/// The store that is made.
protocol CopyTarget: CopyWriter {
    /// Makes it where there is none, and marks it as one that is being filled, and will have taken the place of these. Throws unless it is
    /// empty or of the same copy.
    func begin(_ mark: StoreMark, after ancestry: [StoreOrigin]) throws(StoreFailure)

    /// Says that it has everything; it is still no store that anybody uses.
    func complete(_ mark: StoreMark) throws(StoreFailure)

    /// Makes it a store like any; to be done again, where it was cut short.
    func arrive(_ mark: StoreMark) throws(StoreFailure)
}
