import AdminProtocol
import Authentication
import NIOCore

/// How the daemon is.
extension AdminDesk {
    /// How long the store may take to count, before the status is told without it: a store that hangs is what one asks for
    /// the status about.
    private static let countingLimit = TimeAmount.seconds(2)

    /// Describes the daemon, with what the store has where it says so in time.
    func status(_ status: ServiceStatus, _ answer: AdminAnswer) {
        var isAnswered = false
        func tell(
            _ extent: StoreExtent?, lastUse: Int64?, unfinished: [String] = [], sharing: StoreSharing? = nil
        ) {
            guard !isAnswered else { return }
            isAnswered = true
            let doubts = service.clockDoubts(lastUse: lastUse)
            let now = service.clocks.now()
            answer(
                .status(
                    status.with(accounts: extent?.accounts, devices: extent?.devices)
                        .adding(warnings: unfinished)
                        .with(sharing: sharing.map(AdminDesk.sharing))
                        .with(
                            isClockSane: !doubts.contains(where: \.isCertain),
                            clockProblems: doubts.map { $0.words(at: now) })))
        }
        let late = NIOLoopBound({ tell(nil, lastUse: nil) }, eventLoop: service.loop)
        let timer = service.loop.scheduleTask(in: AdminDesk.countingLimit) { late.value() }
        let keys = keySource
        service.read { store throws(StoreFailure) in
            (
                extent: try store.extent(), lastUse: try store.lastUse(), unfinished: AdminDesk.unfinished(keys),
                sharing: try store.sharing()
            )
        } deliver: { result in
            timer.cancel()
            switch result {
            case .success(let found):
                tell(found.extent, lastUse: found.lastUse, unfinished: found.unfinished, sharing: found.sharing)
            case .failure: tell(nil, lastUse: nil)
            }
        }
    }

    /// The most daemons that should share a store: each holds the database's password and the key that opens all secrets.
    private static let mostDaemons = 5

    private static func sharing(_ store: StoreSharing) -> SharingStatus {
        let daemons = store.daemons.map {
            SharingDaemonStatus(host: $0.host, place: $0.place, version: $0.version, lastSeen: $0.secondsAgo)
        }
        var warnings = store.warnings.map { "The database has \($0)." }
        if daemons.count > mostDaemons {
            warnings.append(
                """
                \(daemons.count) daemons share the store, and each holds its password and the key that opens all secrets: more than \
                \(mostDaemons) should ask a few of them instead.
                """)
        }
        return SharingStatus(daemons: daemons, warnings: warnings)
    }

    /// What is to be said of a change of the key that has begun and not ended; off the event loop, since files are read.
    private static func unfinished(_ keys: SealingKeySource?) -> [String] {
        guard let keys else { return [] }
        do throws(StoreFailure) {
            let standing = try keys.standing()
            guard standing.next != nil || !standing.former.isEmpty else { return [] }
            return [
                "The change of the store's key is not finished, and both keys are needed: twostep rekey goes on with it."
            ]
        } catch {
            return ["The key that is to take the present one's place cannot be used: \(error.description)"]
        }
    }
}
