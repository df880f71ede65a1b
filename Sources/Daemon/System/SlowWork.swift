import Authentication
import Glibc
import NIOCore
import NIOPosix

/// The small pool for what takes long on purpose (crypt(3), KDFs): bounded, and fair to every account.
///
/// It belongs to the event loop.
final class SlowWork {
    /// How much may wait in all, and for one account: what comes on top is refused as too busy, so that nobody's
    /// guessing keeps the others out.
    static let mostWaiting = 64
    static let mostWaitingPerAccount = 4

    private let threads: NIOThreadPool
    private let loop: any EventLoop
    private var waiting = 0
    private var waitingPerAccount: [AccountName: Int] = [:]

    init(on loop: any EventLoop) {
        self.loop = loop
        threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
    }

    /// Runs `work` and reports on the event loop; nil means too busy.
    func run<Answer: Sendable>(
        for account: AccountName, _ work: @escaping @Sendable () -> Answer, then report: @escaping (Answer?) -> Void
    ) {
        let mine = waitingPerAccount[account, default: 0]
        guard waiting < SlowWork.mostWaiting, mine < SlowWork.mostWaitingPerAccount else { return report(nil) }
        waiting += 1
        waitingPerAccount[account] = mine + 1
        threads.runIfActive(eventLoop: loop) { SlowWork.afterAllOthers(work) }.assumeIsolated().whenComplete { result in
            self.finished(account)
            report(try? result.get())
        }
    }

    /// Whoever logs in with a code does not wait for the passwords of others: these threads come last.
    private static func afterAllOthers<Answer>(_ work: () -> Answer) -> Answer {
        // Of the calling thread alone (setpriority(2)); to say it again costs next to nothing.
        setpriority(Int32(PRIO_PROCESS.rawValue), 0, niceness)
        return work()
    }

    /// nice(1)'s own default: a tenth of what an ordinary thread gets where both want the same core.
    private static let niceness: Int32 = 10

    private func finished(_ account: AccountName) {
        waiting -= 1
        guard let mine = waitingPerAccount[account] else { return }
        waitingPerAccount[account] = mine > 1 ? mine - 1 : nil
    }

    func stop() { threads.shutdownGracefully { _ in } }
}
