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
        let threads = LookUpThreads(3, forOthers: 1, named: "test")
        let begun = DispatchSemaphore(value: 0)
        let gate = DispatchSemaphore(value: 0)
        func stuck(_ uid: UInt32?) -> LookUpThreads.Question {
            LookUpThreads.Question(payer: uid.map { .uid($0) }) {
                begun.signal()
                gate.wait()
                gate.signal()
            }
        }
        _ = threads.put([stuck(1001), stuck(1002), stuck(nil), stuck(nil)], limit: 100)
        for _ in 1...3 {
            #expect(begun.wait(timeout: .now() + 10) == .success)
            _ = threads.help()
        }
        #expect(threads.isAnyWaiting)
        #expect(begun.wait(timeout: .now()) == .timedOut)
        gate.signal()
        #expect(begun.wait(timeout: .now() + 10) == .success)
        #expect(await threads.stop(atMost: 60))
        #expect(!threads.isAnyWaiting)
    }

    @Test func `what is not taken does not wait`() async {
        let threads = LookUpThreads(4, named: "test")
        #expect(threads.put([.init(payer: nil) {}], limit: 0) == (taken: [false], mustWait: false))
        await threads.stop()
    }
}
