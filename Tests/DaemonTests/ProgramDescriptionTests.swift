import AuthPrograms
import Authentication
import Daemon
import Foundation
import Testing

/// Programs that are asked what they are.
@Suite struct ProgramDescriptionTests {
    /// Answers nobody before it is let go.
    final class Waiting: ProgramRunner {
        let barrier = Barrier()

        func run(
            _ program: ProgramName, mayReachNetwork: Bool, asking request: borrowing Secret, within milliseconds: Int64
        ) -> ProgramRun {
            barrier.pass()
            let answer = Array((#"{"twostep":1,"fields":[{"name":"code","label":"Code"}]}"# + "\n").utf8)
            return .ended(ProgramOutput(Secret(copying: answer.span)))
        }
    }

    @Test func `are asked all at once`() throws {
        let runner = Waiting()
        let programs = (0..<8).map {
            Program(
                ProgramName(.module, "command_line:\($0)"), ProgramSettings(program: "/usr/lib/program"), runner: runner
            )
        }
        let ended = Barrier()
        Thread.detachNewThread {
            ProgramDescriptions.ask(programs)
            ended.pass()
        }
        // No one of them has been answered before the last is asked.
        for _ in programs { runner.barrier.waitForArrival() }
        for _ in programs { runner.barrier.open() }
        ended.waitForArrival()
        #expect(programs.allSatisfy { $0.outage == nil })
        ended.open()
    }

    @Test func `nobody to be asked is no reason to wait`() { ProgramDescriptions.ask([]) }
}
