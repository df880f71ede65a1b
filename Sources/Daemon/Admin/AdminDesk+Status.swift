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
        func tell(_ status: ServiceStatus) {
            guard !isAnswered else { return }
            isAnswered = true
            answer(.status(status))
        }
        let late = NIOLoopBound({ tell(status) }, eventLoop: service.loop)
        let timer = service.loop.scheduleTask(in: AdminDesk.countingLimit) { late.value() }
        service.ask { store throws(StoreFailure) in
            try store.extent()
        } deliver: { result in
            timer.cancel()
            switch result {
            case .success(let extent): tell(status.with(accounts: extent.accounts, devices: extent.devices))
            case .failure: tell(status)
            }
        }
    }
}
