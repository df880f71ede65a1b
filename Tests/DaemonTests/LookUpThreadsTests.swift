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

    @Test func `what is not taken does not wait`() async {
        let threads = LookUpThreads(4, named: "test")
        #expect(threads.put([.init(payer: nil) {}], limit: 0) == (taken: [false], mustWait: false))
        await threads.stop()
    }
}
