import Authentication

/// The clock on the wall, which codes are judged by and anybody with the right can set.
extension LoginService {
    /// What makes it doubtful; `lastUse` is when the store has last seen an answer accepted, nil where it cannot say.
    func clockDoubts(lastUse: Int64?) -> [ClockDoubt] {
        ClockDoubt.all(at: clocks.now(), lastUse: lastUse, isSynchronized: clocks.isSynchronized)
    }

    /// Says in the journal what makes it doubtful now.
    func tellClock() {
        read { store throws(StoreFailure) in
            try store.lastUse()
        } deliver: { answer in
            let now = self.clocks.now()
            for doubt in self.clockDoubts(lastUse: (try? answer.get()) ?? nil) {
                self.journal.warning(doubt.words(at: now))
            }
        }
    }

    /// Says in the journal that somebody has set it, once for each time.
    func watchClock(at now: Moment) {
        guard let jump = clockWatch.look(at: now) else { return }
        journal.warning(
            "The clock of this machine was set \(jump.magnitude) s \(jump < 0 ? "back" : "forward"), to "
                + "\(UTCTime(now.wall)). What was used stays used.")
    }
}
