import Authentication
import NIOCore

/// Asks the directory on threads of its own, about so much at a time and no longer than a limit; it belongs to the event
/// loop.
final class DirectoryDesk {
    /// How long a look-up may take, in milliseconds: less than the module waits for a reply.
    static let limit: Int64 = 5000
    /// How many may wait; what comes on top is "cannot tell" at once.
    static let mostWaiting = 1024
    /// How many may be slow at a time without holding up the others.
    static let mostThreads = 4
    /// How long a look-up may keep those behind it before they get another thread.
    static let patience = TimeAmount.milliseconds(5)

    /// A question that has not been answered.
    private struct Open {
        let deadline: Int64
        let giveUp: () -> Void
    }

    private let directory: any AccountDirectory
    private let threads = LookUpThreads(mostThreads, named: "twostep-nss")
    private let loop: any EventLoop
    private let clocks: any Clocks
    private var open: [Int: Open] = [:]
    private var asked = 0
    private var isLookingAfter = false

    init(_ directory: any AccountDirectory, on loop: any EventLoop, clocks: any Clocks) {
        self.directory = directory
        self.loop = loop
        self.clocks = clocks
    }

    /// Looks something up and reports on the event loop, once: what it found, or nil when the time is up.
    func ask<Answer: Sendable>(
        _ question: @escaping @Sendable (any AccountDirectory) -> Answer, then report: @escaping (Answer?) -> Void
    ) {
        guard open.count < DirectoryDesk.mostWaiting else { return report(nil) }
        asked &+= 1
        let number = asked
        open[number] = Open(deadline: clocks.now().boottime + DirectoryDesk.limit) { report(nil) }
        let directory = directory
        let loop = loop
        let delivery = NIOLoopBound((desk: self, report: report), eventLoop: loop)
        let mustWait = threads.put {
            let answer = question(directory)
            loop.execute {
                // One that comes too late is no answer any more.
                guard delivery.value.desk.open.removeValue(forKey: number) != nil else { return }
                delivery.value.report(answer)
            }
        }
        if mustWait { lookAfterThoseThatWait() }
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

    /// Gives up what has taken too long; called once a second.
    func sweep(at now: Moment) {
        for (number, question) in open where now.boottime > question.deadline {
            open[number] = nil
            question.giveUp()
        }
    }

    func stop() { threads.stop() }
}
