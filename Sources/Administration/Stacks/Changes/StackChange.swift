import Authentication

/// The record of one change of stacks, on disk before the first file is changed.
struct StackChange: Codable, Equatable {
    enum Action: String, Codable { case enable, disable }

    enum Phase: String, Codable {
        /// Its files are being changed, or were when whoever did it was ended.
        case writing
        /// Done, and to be undone unless it is confirmed.
        case pending
        /// Done, for good.
        case kept
        /// Undone, but for files that somebody else had changed meanwhile.
        case left
    }

    /// Of the format.
    var version = 1
    /// Counted up with every change of this machine.
    let number: Int
    let action: Action
    /// As it is called: `sudo` for sudo and sudo-i.
    let service: String
    /// The services that go through the files.
    let services: [String]
    /// Who has done it.
    let administrator: String
    /// Seconds in which it has to be confirmed; nil where it need not be.
    let limit: Int64?
    /// The change that this one takes back; nil where there is none.
    let takesBack: Int?
    var files: [ChangedFile]
    var phase = Phase.writing
    /// When its files had been changed: Unix seconds, milliseconds on CLOCK_BOOTTIME, and the boot that they are of.
    var wall: Int64
    var boottime: Int64
    var boot: Int64
    /// Which run of the daemon it was, and the number of its newest record then.
    var run: Int64
    var record: Int64

    /// The moment itself.
    var moment: Moment {
        get { Moment(wall: wall, boottime: boottime, boot: boot) }
        set { (wall, boottime, boot) = (newValue.wall, newValue.boottime, newValue.boot) }
    }

    /// Whether it has to be undone now.
    ///
    /// Within a boot the clock that nobody can set says so. After another boot there is only the one on the wall: where
    /// that shows an earlier time than the change's, the deadline cannot be known, and has passed.
    func isDue(at now: Moment) -> Bool {
        switch phase {
        case .writing: return true
        case .kept, .left: return false
        case .pending:
            guard let limit else { return false }
            guard boot != 0, boot == now.boot else { return now.wall < wall || now.wall - wall >= limit }
            return now.boottime - boottime >= limit * 1000
        }
    }

    /// Seconds until then; nil where nothing is waited for.
    func secondsLeft(at now: Moment) -> Int64? {
        guard phase == .pending, let limit else { return nil }
        guard !isDue(at: now) else { return 0 }
        let passed = boot != 0 && boot == now.boot ? (now.boottime - boottime) / 1000 : now.wall - wall
        return max(limit - passed, 1)
    }

    /// Whether something began after the change, by its start on CLOCK_BOOTTIME in the present boot.
    func precedes(start: Int64, at now: Moment) -> Bool { boot == 0 || boot != now.boot || start > boottime }
}
