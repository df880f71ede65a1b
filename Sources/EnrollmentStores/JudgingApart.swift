internal import Authentication

/// Attempts whose common transaction has failed, each in one of its own.
enum JudgingApart {
    /// Why an attempt was not judged, and whether none behind it would be either.
    struct Fault: Error {
        let failure: StoreFailure
        let isEverybodys: Bool
    }

    /// Judges one after the other by `judge`. What cannot be is unavailable, and reported; throws what has failed for everybody
    /// if nothing before it is durable.
    static func outcomes(
        of attempts: [Attempt], report: (StoreFailure) -> Void, _ judge: (Attempt) throws(Fault) -> [Outcome]
    ) throws(StoreFailure) -> [Outcome] {
        var outcomes: [Outcome] = []
        outcomes.reserveCapacity(attempts.count)
        var isAnythingDurable = false
        var end: StoreFailure?
        for attempt in attempts {
            // Once the disk or the server has failed, the rest would only wait for it one by one.
            guard end == nil else {
                outcomes.append(.unavailable(.storeUnavailable))
                continue
            }
            do throws(Fault) {
                outcomes += try judge(attempt)
                isAnythingDurable = true
            } catch {
                report(error.failure)
                if error.isEverybodys { end = error.failure }
                outcomes.append(.unavailable(.storeUnavailable))
            }
        }
        if let end, !isAnythingDurable { throw end }
        return outcomes
    }
}
