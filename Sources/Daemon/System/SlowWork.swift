import Authentication
import Glibc
import NIOCore
import NIOPosix

/// The small pool for what takes long on purpose (crypt(3), KDFs): bounded, and fair to everybody who has it done. What
/// waits is done by turns: one piece of each payer's after the other, however much one of them has.
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
        /// A host of the fleet, by its certificate's serial: for all that it relays, whatever it says was proved there.
        case host(serial: String)
        /// Root, at the command line: always admitted.
        case administrator
    }

    /// How much may be worked on and wait: what comes on top is refused as too busy.
    struct Limits {
        var threads: Int
        var waiting: Int
        var waitingOfStrangers: Int
        var waitingPerPayer: Int
        /// Of hosts of the fleet, in all and each: they ask for many people, and leave room for those of this machine.
        var waitingOfHosts: Int
        var waitingPerHost: Int
        /// Threads that hosts of the fleet hold at most, in all and each: what is at work cannot be taken back.
        var threadsOfHosts: Int
        var threadsPerHost: Int
        /// nice(1)'s scale, for what computes.
        var niceness: Int32

        /// nice(1)'s own default: a tenth of what an ordinary thread gets where both want the same core.
        static let computing = Limits(
            threads: 2, waiting: 64, waitingOfStrangers: 48, waitingPerPayer: 4, waitingOfHosts: 48, waitingPerHost: 24,
            threadsOfHosts: 2, threadsPerHost: 2, niceness: 10)
        /// What waits for programs: as many at a time as may run, so that what is at work is bounded with them, and no
        /// payer has more than a quarter; hosts leave two for the logins of this machine.
        static let programs = Limits(
            threads: 8, waiting: 32, waitingOfStrangers: 6, waitingPerPayer: 2, waitingOfHosts: 24, waitingPerHost: 8,
            threadsOfHosts: 6, threadsPerHost: 2, niceness: 0)
        /// What waits for sshd to say what is in force, some fifty milliseconds: for those alone who have shown it a key.
        static let questions = Limits(
            threads: 4, waiting: 64, waitingOfStrangers: 0, waitingPerPayer: 32, waitingOfHosts: 0, waitingPerHost: 0,
            threadsOfHosts: 0, threadsPerHost: 0, niceness: 0)
    }

    /// Whoever ends the daemon shuts it down.
    let threads: NIOThreadPool
    private let loop: any EventLoop
    private var waiting = 0
    private var waitingOfStrangers = 0
    private var waitingOfHosts = 0
    private var waitingPerPayer: [Payer: Int] = [:]
    /// What has no thread yet.
    private var turns = Turns<Payer, () -> Void>()
    private var atWork = 0
    private var atWorkOfHosts = 0
    private var atWorkPerHost: [Payer: Int] = [:]

    private let limits: Limits

    init(on loop: any EventLoop, _ limits: Limits = .computing) {
        self.loop = loop
        self.limits = limits
        threads = NIOThreadPool(numberOfThreads: limits.threads)
        threads.start()
    }

    /// Runs `work` and reports on the event loop; nil means too busy.
    func run<Answer: Sendable>(
        for payer: Payer, _ work: @escaping @Sendable () -> Answer, then report: @escaping (Answer?) -> Void
    ) {
        guard mayWait(payer) else { return report(nil) }
        count(payer, by: 1)
        let begin = { self.begin(for: payer, work, then: report) }
        // What waits already waits for something else than a free thread.
        if mayBegin(payer) { begin() } else { turns.append(begin, of: payer) }
    }

    private func begin<Answer: Sendable>(
        for payer: Payer, _ work: @escaping @Sendable () -> Answer, then report: @escaping (Answer?) -> Void
    ) {
        countAtWork(payer, by: 1)
        let niceness = limits.niceness
        threads.runIfActive(eventLoop: loop) { SlowWork.run(work, at: niceness) }.assumeIsolated().whenComplete {
            result in
            self.countAtWork(payer, by: -1)
            self.count(payer, by: -1)
            self.beginFurther()
            report(try? result.get())
        }
    }

    private func beginFurther() {
        while let (_, begin) = turns.next(where: mayBegin) { begin() }
    }

    /// Whoever logs in with a code does not wait for the passwords of others: these threads come last.
    private static func run<Answer>(_ work: () -> Answer, at niceness: Int32) -> Answer {
        // Of the calling thread alone (setpriority(2)); to say it again costs next to nothing.
        setpriority(Int32(PRIO_PROCESS.rawValue), 0, niceness)
        return work()
    }

    private func mayWait(_ payer: Payer) -> Bool {
        let mine = waitingPerPayer[payer, default: 0]
        switch payer {
        case .administrator: return true
        case .host:
            return waitingOfHosts < limits.waitingOfHosts && waiting < limits.waiting && mine < limits.waitingPerHost
        case .person: return waiting < limits.waiting && mine < limits.waitingPerPayer
        case .stranger:
            return waitingOfStrangers < limits.waitingOfStrangers && waiting < limits.waiting
                && mine < limits.waitingPerPayer
        }
    }

    /// Whether there is a thread for a payer.
    private func mayBegin(_ payer: Payer) -> Bool {
        guard atWork < limits.threads else { return false }
        guard case .host = payer else { return true }
        return atWorkOfHosts < limits.threadsOfHosts && atWorkPerHost[payer, default: 0] < limits.threadsPerHost
    }

    private func countAtWork(_ payer: Payer, by change: Int) {
        atWork += change
        guard case .host = payer else { return }
        atWorkOfHosts += change
        let own = atWorkPerHost[payer, default: 0] + change
        atWorkPerHost[payer] = own > 0 ? own : nil
    }

    private func count(_ payer: Payer, by change: Int) {
        waiting += change
        if case .stranger = payer { waitingOfStrangers += change }
        if case .host = payer { waitingOfHosts += change }
        let mine = waitingPerPayer[payer, default: 0] + change
        waitingPerPayer[payer] = mine > 0 ? mine : nil
    }
}
