import Daemon
import Dispatch
import Testing

/// Which questions wait for others, and who is sent to them.
struct LookUpThreadsTests {
    @Test(arguments: [nil, LookUpPayer.uid(1001)]) func `one alone waits for nobody`(payer: LookUpPayer?) async {
        let threads = LookUpThreads(4, named: "test")
        let answered = DispatchSemaphore(value: 0)
        let quick = LookUpThreads.Question(payer: payer) { answered.signal() }
        #expect(threads.put([quick], limit: 100) == (taken: [true], mustWait: false))
        #expect(answered.wait(timeout: .now() + 10) == .success)
        await threads.stop()
    }

    @Test(arguments: [nil, LookUpPayer.uid(1001)]) func `of two that come together the second waits, and is helped`(
        payer: LookUpPayer?
    ) async {
        let threads = LookUpThreads(4, named: "test")
        let begun = DispatchSemaphore(value: 0)
        let gate = DispatchSemaphore(value: 0)
        let answered = DispatchSemaphore(value: 0)
        let stuck = LookUpThreads.Question(payer: payer) {
            begun.signal()
            gate.wait()
        }
        let quick = LookUpThreads.Question(payer: payer) { answered.signal() }
        #expect(threads.put([stuck, quick], limit: 100) == (taken: [true, true], mustWait: true))
        #expect(begun.wait(timeout: .now() + 10) == .success)
        #expect(threads.help())
        #expect(answered.wait(timeout: .now() + 10) == .success)
        #expect(!threads.help())
        gate.signal()
        await threads.stop()
    }

    @Test func `one that hangs is not waited for at the end`() async {
        let threads = LookUpThreads(2, named: "test")
        let begun = DispatchSemaphore(value: 0)
        let gate = DispatchSemaphore(value: 0)
        let stuck = LookUpThreads.Question(payer: nil) {
            begun.signal()
            gate.wait()
        }
        _ = threads.put([stuck], limit: 100)
        #expect(begun.wait(timeout: .now() + 10) == .success)
        #expect(await !threads.stop(atMost: 0))
        gate.signal()
    }

    @Test func `others than root have so many threads and no more`() async {
        let threads = LookUpThreads(2, forOthers: 1, named: "test")
        let stuck = StuckQuestions()
        _ = threads.put([stuck.one(of: 1001), stuck.one(of: 1002)], limit: 100)
        #expect(stuck.hasBegun())
        #expect(threads.help())
        #expect(isFree(threads, for: nil))
        stuck.letGo()
        #expect(stuck.hasBegun())
        #expect(await threads.stop(atMost: 60))
        #expect(!threads.isAnyWaiting)
    }

    @Test func `who asks much leaves a thread to whoever else asks`() async {
        let threads = LookUpThreads(2, forOthers: 2, forOne: 1, named: "test")
        let stuck = StuckQuestions()
        _ = threads.put([stuck.one(of: 1001), stuck.one(of: 1001)], limit: 100)
        #expect(stuck.hasBegun())
        #expect(threads.help())
        #expect(isFree(threads, for: .uid(1002)))
        stuck.letGo()
        #expect(stuck.hasBegun())
        #expect(await threads.stop(atMost: 60))
    }

    @Test func `what is not taken does not wait`() async {
        let threads = LookUpThreads(4, named: "test")
        #expect(threads.put([.init(payer: nil) {}], limit: 0) == (taken: [false], mustWait: false))
        await threads.stop()
    }

    /// Whether a thread is left for a payer's questions, and stays so: behind each of them it could take one that waits.
    private func isFree(_ threads: LookUpThreads, for payer: LookUpPayer?) -> Bool {
        let answered = DispatchSemaphore(value: 0)
        return (1...100).allSatisfy { _ in
            _ = threads.put([.init(payer: payer) { answered.signal() }], limit: 100)
            _ = threads.help()
            return answered.wait(timeout: .now() + 10) == .success
        }
    }
}

/// Questions that are answered once they are let go.
private final class StuckQuestions: Sendable {
    private let begun = DispatchSemaphore(value: 0)
    private let gate = DispatchSemaphore(value: 0)

    func one(of uid: UInt32) -> LookUpThreads.Question {
        LookUpThreads.Question(payer: .uid(uid)) { [begun, gate] in
            begun.signal()
            gate.wait()
            gate.signal()
        }
    }

    /// Waits until another has begun; whether one has.
    func hasBegun() -> Bool { begun.wait(timeout: .now() + 10) == .success }

    func letGo() { gate.signal() }
}
