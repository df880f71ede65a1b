import Authentication
import Glibc
import NIOCore
import NIOPosix

/// The small pool for what takes long on purpose (crypt(3), KDFs): bounded, and fair to everybody who has it done.
///
/// It belongs to the event loop.
final class SlowWork {
    /// On whose account work is done: who asks for it, and not whom it is about, or strangers' guesses at a name would
    /// keep out whoever has it.
    enum Payer: Hashable, Sendable {
        /// Somebody who has proved nothing: a remote host, or where there is none, the door and the terminal.
        case stranger(String)
        /// Somebody who has proved a first factor.
        case person(AccountName)
        /// Root, at the command line: always admitted.
        case administrator
    }

    /// How much may wait in all, for strangers together, and for one payer: what comes on top is refused as too busy.
    static let mostWaiting = 64
    static let mostWaitingOfStrangers = 48
    static let mostWaitingPerPayer = 4

    /// Whoever ends the daemon shuts it down.
    let threads: NIOThreadPool
    private let loop: any EventLoop
    private var waiting = 0
    private var waitingOfStrangers = 0
    private var waitingPerPayer: [Payer: Int] = [:]

    init(on loop: any EventLoop) {
        self.loop = loop
        threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
    }

    /// Runs `work` and reports on the event loop; nil means too busy.
    func run<Answer: Sendable>(
        for payer: Payer, _ work: @escaping @Sendable () -> Answer, then report: @escaping (Answer?) -> Void
    ) {
        guard mayWait(payer) else { return report(nil) }
        count(payer, by: 1)
        threads.runIfActive(eventLoop: loop) { SlowWork.afterAllOthers(work) }.assumeIsolated().whenComplete { result in
            self.count(payer, by: -1)
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

    private func mayWait(_ payer: Payer) -> Bool {
        let mine = waitingPerPayer[payer, default: 0]
        switch payer {
        case .administrator: return true
        case .person: return waiting < SlowWork.mostWaiting && mine < SlowWork.mostWaitingPerPayer
        case .stranger:
            return waitingOfStrangers < SlowWork.mostWaitingOfStrangers && waiting < SlowWork.mostWaiting
                && mine < SlowWork.mostWaitingPerPayer
        }
    }

    private func count(_ payer: Payer, by change: Int) {
        waiting += change
        if case .stranger = payer { waitingOfStrangers += change }
        let mine = waitingPerPayer[payer, default: 0] + change
        waitingPerPayer[payer] = mine > 0 ? mine : nil
    }

}
