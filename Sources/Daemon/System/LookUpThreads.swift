import Glibc
import NIOCore
import Synchronization

/// Threads for questions that are answered at once as a rule, and may take long.
///
/// One thread answers them all for as long as it is quick: waking another one costs more than looking a name up in
/// a file. Whoever asks looks after those that wait, and sends help where the one before them takes long.
///
/// Root's come first, and some of the threads and of the places are for them alone: a machine's own logins do not wait for
/// what its users ask. Of all the others it is one's turn after the other's: however much somebody asks, whoever asks
/// something else next waits for one question of each, and finds a thread that those of one alone do not hold.
package final class LookUpThreads: @unchecked Sendable {
    /// What is to be done, and on whose account; nil is root's.
    package struct Question: Sendable {
        let payer: LookUpPayer?
        let answer: @Sendable () -> Void

        package init(payer: LookUpPayer?, _ answer: @escaping @Sendable () -> Void) {
            self.payer = payer
            self.answer = answer
        }
    }

    // Sendable: what varies is touched within the monitor alone.
    private let monitor = Monitor()
    private let most: Int
    private let mostForOthers: Int
    private let mostForOne: Int
    private var waiting = Turns<LookUpPayer, @Sendable () -> Void>()
    private var rootsWaiting = CircularBuffer<@Sendable () -> Void>()
    /// How many threads are about a question that is not root's.
    private var atOthers = 0
    /// The same of each payer who has one.
    private var atOnes: [LookUpPayer: Int] = [:]
    /// How many threads are at work, woken ones included.
    private var atWork = 0
    /// How many of them have been woken and have not begun.
    private var woken = 0
    /// How many may be at work without help having been sent: those that are stuck, and one.
    private var usual = 1
    private var isStopped = false
    /// How many threads there still are, and who hears that there are none.
    private var alive: Int
    private var whenEnded: (@Sendable () -> Void)?

    /// `forOthers` are how many threads may be about questions that are not root's: all but one, if nothing is said; `forOne` how many
    /// about those of one of them: all of these but one.
    package init(_ most: Int, forOthers: Int? = nil, forOne: Int? = nil, named name: String) {
        self.most = most
        mostForOthers = forOthers ?? most - 1
        mostForOne = forOne ?? max(mostForOthers - 1, 1)
        alive = most
        for _ in 0..<most { DetachedThread.start(named: name) { [self] in run() } }
    }

    /// Has questions answered, at most `limit` of them together with those that wait already, and of those that are not
    /// root's a tenth less. Returns for each of them whether it is taken, and whether any has to wait for one before it: for
    /// what was there already, or for what comes with it.
    package func put(_ questions: [Question], limit: Int) -> (taken: [Bool], mustWait: Bool) {
        let (taken, isHelped, mustWait) = monitor.withLock { () -> ([Bool], Bool, Bool) in
            let taken = questions.map { question in
                let places = question.payer == nil ? limit : limit - limit / 10
                guard waiting.count + rootsWaiting.count < places else { return false }
                if let payer = question.payer {
                    waiting.append(question.answer, of: payer)
                } else {
                    rootsWaiting.append(question.answer)
                }
                return true
            }
            let isHelped = taken.contains(true) && atWork < usual
            if isHelped { callOne() }
            return (taken, isHelped, waiting.count + rootsWaiting.count > woken)
        }
        if isHelped { monitor.signal() }
        return (taken, mustWait)
    }

    /// Sends another thread to those that still wait; returns whether there are any.
    package func help() -> Bool {
        let (isWaiting, isHelped) = monitor.withLock { () -> (Bool, Bool) in
            guard !waiting.isEmpty || !rootsWaiting.isEmpty else { return (false, false) }
            // Those that are about others' questions come back for the next by themselves.
            let mayBegin = !rootsWaiting.isEmpty || (atOthers < mostForOthers && waiting.hasNext(where: mayHaveAnother))
            guard atWork < most, woken == 0, mayBegin else { return (true, false) }
            callOne()
            return (true, true)
        }
        if isHelped { monitor.signal() }
        return isWaiting
    }

    /// Whether a question waits for a thread.
    package var isAnyWaiting: Bool { monitor.withLock { !waiting.isEmpty || !rootsWaiting.isEmpty } }

    /// Gives back what many that waited had needed.
    package func giveMemoryBack() {
        monitor.withLock {
            if waiting.isEmpty { waiting = Turns() }
            if rootsWaiting.isEmpty { rootsWaiting = CircularBuffer() }
        }
    }

    /// Ends the threads, each after what it is about, and returns when that is done; or after so many seconds, false then, where
    /// the directory hangs.
    @discardableResult package func stop(atMost seconds: UInt32 = 2) async -> Bool {
        let end = Ending()
        return await withCheckedContinuation { continuation in
            end.waiter.withLock { $0 = continuation }
            let isOver = monitor.withLock {
                isStopped = true
                waiting.removeAll()
                rootsWaiting.removeAll()
                monitor.signalAll()
                guard alive > 0 else { return true }
                whenEnded = { end.say(true) }
                return false
            }
            guard !isOver else { return end.say(true) }
            DetachedThread.start(named: "twostep-stop") {
                sleep(seconds)
                end.say(false)
            }
        }
    }

    /// Says once how the threads have ended.
    private final class Ending: Sendable {
        let waiter = Mutex<CheckedContinuation<Bool, Never>?>(nil)

        func say(_ isOver: Bool) {
            let waiter = waiter.withLock { waiter in
                defer { waiter = nil }
                return waiter
            }
            waiter?.resume(returning: isOver)
        }
    }

    /// Counts one in that is to be woken, by a signal outside the monitor: within it, it would wake to wait at its door.
    private func callOne() {
        atWork += 1
        woken += 1
    }

    private func run() {
        while true {
            let mayGoOn = monitor.withLock {
                while woken == 0, !isStopped { monitor.wait() }
                guard !isStopped else { return false }
                woken -= 1
                return true
            }
            guard mayGoOn else { break }
            var payer: LookUpPayer?
            while let question = next(after: payer) {
                question.answer()
                payer = question.payer
            }
        }
        let report = monitor.withLock {
            alive -= 1
            return alive == 0 ? whenEnded : nil
        }
        report?()
    }

    /// Nobody else's questions hold all threads but root's: one of them stays for whoever asks next.
    private func mayHaveAnother(_ payer: LookUpPayer) -> Bool { atOnes[payer, default: 0] < mostForOne }

    /// The next question for a thread that is at work, behind one of this payer; without one it is so no more.
    private func next(after payer: LookUpPayer?) -> Question? {
        monitor.withLock {
            if let payer { count(payer, by: -1) }
            if let answer = rootsWaiting.popFirst() { return Question(payer: nil, answer) }
            if atOthers < mostForOthers, !waiting.isEmpty,
                // Whoever has no thread yet comes before those that have one.
                let (payer, answer) = waiting.next(where: { atOnes[$0] == nil })
                    ?? waiting.next(where: mayHaveAnother)
            {
                count(payer, by: 1)
                return Question(payer: payer, answer)
            }
            atWork -= 1
            // Whoever is still at work then has been for long.
            usual = min(atWork + 1, most)
            return nil
        }
    }

    private func count(_ payer: LookUpPayer, by change: Int) {
        atOthers += change
        let own = atOnes[payer, default: 0] + change
        atOnes[payer] = own > 0 ? own : nil
    }
}
