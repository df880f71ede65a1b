package import Authentication

/// A copy of a running store to another place: made in passes while people log in, and taken over at one moment.
///
/// A pass compares each row of the one with the same row of the other, and writes what differs; so it can be cut short anywhere
/// and begun again. The last one is made while nobody can write, and finds both to be the same. Only then the first
/// store is given up: whenever this is cut short, at most one of them can be used, and the next run goes on.
package final class StoreCopy: @unchecked Sendable {
    // Sendable although it has a state: whoever has it, asks for one thing at a time.
    private let source: any CopySource
    private let target: any CopyTarget
    private let sealing: any SecretSealing
    private let mark: StoreMark
    /// What the source said of itself where it was given up by a copy that was cut short before its end.
    private let given: StoreMark?
    private var pass = CopyPass()
    /// How far it is, for whoever waits.
    package private(set) var progress = CopyProgress()

    /// How many rows are looked at in one go.
    private static let page = 500
    /// How many pages a part has.
    private static let part = 8
    /// A pass that had to write no more than this is followed by the last one.
    private static let few = 200

    /// Opens both, and marks the one as being filled by the other; `now` in Unix seconds.
    ///
    /// Throws unless the target is empty or of the same unfinished copy. Where the source was given up already, all that is left is the
    /// arrival (`finish`).
    package init(
        from origin: CopyEnd, to destination: CopyEnd, sealing: any SecretSealing, at now: Int64
    ) throws(StoreFailure) {
        self.sealing = sealing
        source = try origin.source()
        let before = try source.mark()
        target = try destination.target()
        if let before, before.state == .moved {
            guard let there = try target.mark(), there.copy == before.copy, there.state != .filling else {
                throw before.refusal(of: source.description) ?? .unreachable("\(source.description) was moved")
            }
            mark = there
            given = before
            progress.isArriving = true
            progress.isCurrent = true
            return
        }
        // The words for it may be another's, elsewhere: a store is known by the copy that it says it is of, and not by where it lies.
        let there = try target.mark()
        let isSame = before?.state == .leaving && before?.copy == there?.copy
        given = nil
        mark = StoreMark(
            copy: (isSame ? there?.copy : nil) ?? StoreCopy.newID(), state: .filling, other: source.description, at: now
        )
        // In this order the copy is known again wherever this is cut short.
        try source.announce(StoreMark(copy: mark.copy, state: .leaving, other: target.description, at: now))
        try target.begin(mark, after: source.ancestry())
    }

    private static func newID() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in String(generator.next(), radix: 16) }.joined(separator: "-")
    }

    /// Goes on for a part, with logins in between; throws what is wrong with either store, or with a row.
    package func proceed() throws(StoreFailure) -> CopyProgress {
        guard !progress.isCurrent else { return progress }
        for _ in 0..<StoreCopy.part where !pass.isOver { try proceedByAPage(opening: true) }
        progress.follow(pass)
        if pass.isOver {
            progress.isCurrent = pass.differences <= StoreCopy.few || progress.passes >= CopyProgress.mostPasses
            pass = CopyPass()
        }
        return progress
    }

    private func proceedByAPage(opening: Bool) throws(StoreFailure) {
        try pass.proceed(from: source, to: target, atMost: StoreCopy.page, sealing, opensAll: opening)
    }

    /// Takes over: compares all of it while nobody can write, gives the source up, and makes the target a store. To be called on
    /// the writer's thread; `held` is the daemon's store, which is of no use any more once the source was given up. `report` hears
    /// that it goes on, some hundred times a second.
    package func finish(
        holding held: (any EnrollmentStore)?, at now: Int64, report: () -> Void = {}
    ) throws(StoreFailure) -> [CopiedCount] {
        var counts: [CopiedCount] = []
        if let given {
            // Whoever read it may have read what no standby has yet.
            try source.confirm(given)
        } else if !progress.isArriving {
            try source.check(against: held)
            try source.giveUp(
                StoreMark(copy: mark.copy, state: .moved, other: target.description, at: now)
            ) { () throws(StoreFailure) in
                counts = try settle(report)
                try target.complete(mark.next(.complete, at: now))
                // Whatever comes of it now: nobody writes to it before somebody has read what it says of itself.
                (held as? SQLiteStore)?.close()
            }
            progress.isArriving = true
        }
        try target.arrive(mark.next(.arrived, at: now))
        return counts
    }

    /// Passes until one has found nothing to write; what there is then, table by table.
    private func settle(_ report: () -> Void) throws(StoreFailure) -> [CopiedCount] {
        for _ in 0..<3 {
            pass = CopyPass()
            while !pass.isOver {
                try proceedByAPage(opening: false)
                report()
            }
            guard pass.differences > 0 else { return try pass.counts() }
        }
        throw .unreachable("\(target.description) is not what was written to it: somebody else writes there")
    }
}
