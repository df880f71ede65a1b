import Authentication
import NIOCore

/// Asks the directory on threads of its own, about so much at a time and no longer than a limit; it belongs to the event
/// loop.
final class DirectoryDesk {
    /// How long a look-up may take, in milliseconds: less than the module waits for a reply.
    static let limit: Int64 = 5000
    /// How many may wait; what comes on top is "cannot tell" at once. The last tenth is for uid 0. There are as many as
    /// there may be logins under way: `limit` alone says how long a crowd waits for a directory that answers.
    static let mostWaiting = LoginServer.mostConnections
    /// How many of one uid other than 0 may wait or be looked up, whether or not anybody still waits for them.
    static let mostPerUID = 8
    /// The same of one host of the fleet, which asks for many people; with three others it leaves room still.
    static let mostPerHost = 256
    /// How many may be slow at a time without holding up the others: those of one payer, those of all but uid 0, and together. One
    /// more than that takes for each of the latter two: what levels look-ups (`LookUpLevelling`) may hang on one of them.
    static let threadsForOne = 2, threadsForOthers = 4, mostThreads = 6
    /// How long a look-up may keep those behind it before they get another thread.
    static let patience = TimeAmount.milliseconds(5)

    /// A question that may still have to be given up.
    private struct Open {
        let deadline: Int64
        let giveUp: () -> Void
    }

    private let directory: any AccountDirectory
    /// Whoever ends the daemon stops them.
    let threads = LookUpThreads(
        mostThreads, forOthers: threadsForOthers, forOne: threadsForOne, named: "twostep-nss")
    private let loop: any EventLoop
    private let clocks: any Clocks
    private var open: [ObjectIdentifier: Open] = [:]
    /// What this tick has begun. It goes to the threads together: one of them is woken once.
    private var begun: [(question: LookUpThreads.Question, giveUp: () -> Void)] = []
    private let shares = LookUpShares(perUID: DirectoryDesk.mostPerUID, perHost: DirectoryDesk.mostPerHost)
    private var isLookingAfter = false
    /// When look-ups of names are heard of.
    let gauge: LookUpGauge

    init(_ directory: any AccountDirectory, on loop: any EventLoop, clocks: any Clocks) {
        self.directory = directory
        self.loop = loop
        self.clocks = clocks
        gauge = LookUpGauge(directory, on: loop)
    }

    /// Looks something up for a caller of this machine, as for every payer.
    @discardableResult func ask<Answer: Sendable>(
        for uid: UInt32, _ question: @escaping @Sendable (any AccountDirectory) -> Answer,
        then report: @escaping (Answer?) -> Void
    ) -> any Forgettable {
        ask(for: .uid(uid), question, then: report)
    }

    /// Looks something up for a payer, and reports on the event loop, once: what it found, or nil when the time is up. What is
    /// returned can be forgotten.
    @discardableResult func ask<Answer: Sendable>(
        for payer: LookUpPayer, _ question: @escaping @Sendable (any AccountDirectory) -> Answer,
        then report: @escaping (Answer?) -> Void
    ) -> any Forgettable {
        let lookUp = begin(for: payer, question)
        whenSettled(lookUp, then: report)
        return lookUp
    }

    /// Begins to look something up that will be needed later. What comes after the answer nobody waits for.
    private func begin<Answer: Sendable>(
        for payer: LookUpPayer, _ question: @escaping @Sendable (any AccountDirectory) -> Answer,
        after: @escaping @Sendable (Answer) -> Void = { _ in }
    ) -> LookUp<Answer> {
        let lookUp = LookUp<Answer>()
        guard shares.take(payer) else {
            lookUp.settle(nil)
            return lookUp
        }
        let directory = directory
        let shares = shares
        let question = LookUpThreads.Question(payer: payer.isRoot ? nil : payer) {
            if !lookUp.isSettled {
                let answer = question(directory)
                lookUp.settle(answer)
                after(answer)
            }
            // Only now: what is looked up in vain keeps a thread all the same.
            shares.giveBack(payer)
        }
        begun.append(
            (
                question: question,
                giveUp: {
                    lookUp.settle(nil)
                    shares.giveBack(payer)
                }
            ))
        open[ObjectIdentifier(lookUp)] = Open(deadline: clocks.now().boottime + DirectoryDesk.limit) {
            lookUp.settle(nil)
        }
        // A lone one goes at once: who answers as soon as he is asked does not wait for a thread to wake up.
        guard open.count > 1 else {
            handOver()
            return lookUp
        }
        if begun.count == 1 {
            let desk = NIOLoopBound(self, eventLoop: loop)
            loop.execute { desk.value.handOver() }
        }
        return lookUp
    }

    /// Begins to look up an account that will be needed later; see `whenHeardOf`.
    func beginAccount(_ account: AccountName, for payer: LookUpPayer) -> AccountLookUp {
        begin(account, for: payer) { _, found in found }
    }

    /// Looks up what depends on an account, `rest` by what the directory says of the name itself, and reports no sooner than it
    /// may be heard of. What is returned can be forgotten.
    func ask<Found: Sendable>(
        about account: AccountName, for payer: LookUpPayer,
        _ rest: @escaping @Sendable (any AccountDirectory, Lookup) -> Found, then report: @escaping (Found?) -> Void
    ) -> any Forgettable {
        let lookUp = begin(account, for: payer, rest)
        whenHeardOf(lookUp, then: report)
        return lookUp
    }

    private func begin<Found: Sendable>(
        _ account: AccountName, for payer: LookUpPayer,
        _ rest: @escaping @Sendable (any AccountDirectory, Lookup) -> Found
    ) -> LookUp<NameAnswer<Found>> {
        let threads = threads
        let levelling = gauge.levelling
        return begin(for: payer) { directory in
            // From here on: what a look-up has to wait for before is the same for all names, and more at one time than at
            // another.
            let askedAt = NIODeadline.now()
            let account = directory.account(named: account)
            let answeredAt = NIODeadline.now()
            let found = rest(directory, account)
            return NameAnswer(
                found: found, isKnown: account != .notFound, askedAt: askedAt, rest: NIODeadline.now() - answeredAt)
        } after: { answer in
            // Not where another would wait for that: a crowd's look-ups follow each other anyway.
            guard let levelling, !threads.isAnyWaiting else { return }
            levelling.level(answer.isKnown)
        }
    }

    /// Reports what the look-up of a name has found, and to whoever needs it at once no sooner than it may be heard of:
    /// at the same time for all names.
    func whenHeardOf<Found: Sendable>(_ lookUp: LookUp<NameAnswer<Found>>, then report: @escaping (Found?) -> Void) {
        whenSettled(lookUp) { answer in
            guard let answer else { return report(nil) }
            let earliest = self.gauge.earliest(for: answer)
            guard NIODeadline.now() < earliest else { return report(answer.found) }
            let later = NIOLoopBound(report, eventLoop: self.loop)
            self.loop.scheduleTask(deadline: earliest) { later.value(answer.found) }
        }
    }

    private func handOver() {
        guard !begun.isEmpty else { return }
        let (taken, mustWait) = threads.put(begun.map(\.question), limit: DirectoryDesk.mostWaiting)
        for (refused, isTaken) in zip(begun, taken) where !isTaken { refused.giveUp() }
        begun.removeAll(keepingCapacity: true)
        if mustWait { lookAfterThoseThatWait() }
    }

    /// Reports what a look-up has found, on the event loop; nil if it cannot be told.
    func whenSettled<Answer: Sendable>(_ lookUp: LookUp<Answer>, then report: @escaping (Answer?) -> Void) {
        let loop = loop
        let delivery = NIOLoopBound((desk: self, report: report), eventLoop: loop)
        let answer = lookUp.answer { answer in
            loop.execute {
                delivery.value.desk.open[ObjectIdentifier(lookUp)] = nil
                delivery.value.report(answer)
            }
        }
        guard let answer else { return }
        open[ObjectIdentifier(lookUp)] = nil
        report(answer)
    }

    private func lookAfterThoseThatWait() {
        guard !isLookingAfter else { return }
        isLookingAfter = true
        let desk = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: DirectoryDesk.patience) {
            desk.value.isLookingAfter = false
            if desk.value.threads.help() { desk.value.lookAfterThoseThatWait() }
        }
    }

    /// Nobody needs to know any more.
    func forget(_ lookUp: any Forgettable) {
        open[ObjectIdentifier(lookUp)] = nil
        lookUp.forget()
    }

    /// Gives back what a crowd that has gone had needed.
    func giveMemoryBack() {
        open.giveMemoryBack()
        if begun.isEmpty { begun = [] }
        threads.giveMemoryBack()
    }

    /// Gives up what has taken too long; called once a second.
    func sweep(at now: Moment) {
        gauge.sweep()
        for (lookUp, question) in open where now.boottime > question.deadline {
            open[lookUp] = nil
            question.giveUp()
        }
    }
}
