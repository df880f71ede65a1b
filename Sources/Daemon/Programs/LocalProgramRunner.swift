package import AuthPrograms
package import Authentication
import Dispatch
import Glibc
import Synchronization

/// Runs one program from this process, which must be root's, within the bounds that logins would give it: for whoever
/// tries it.
package final class LocalProgramRunner: ProgramRunner {
    private let settings: ProgramSettings
    private let hidden: [String]
    private let free: Mutex<[ProgramUser]>
    private let slots: DispatchSemaphore

    /// Nil where there is no user that a program could run as.
    package init?(_ settings: ProgramSettings) {
        let users = (0..<ProgramUser.slots).compactMap { ProgramUser(slot: $0) }
        guard !users.isEmpty else { return nil }
        self.settings = settings
        hidden = LauncherProcess.hidden(DaemonOptions())
        free = Mutex(users)
        slots = DispatchSemaphore(value: users.count)
    }

    package func run(
        _ program: ProgramName, mayReachNetwork: Bool, asking request: borrowing Secret, within milliseconds: Int64
    ) -> ProgramRun {
        slots.wait()
        defer { slots.signal() }
        guard let user = free.withLock({ $0.popLast() }) else {
            return .failed("there is no user that it could run as")
        }
        defer { free.withLock { $0.append(user) } }
        return ConfinedRun(settings, as: user, hiding: hidden).run(asking: request, for: nil)
    }

    /// Calls `body` so many times, as many at once as programs may run, and returns when all are done.
    package static func inParallel(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let done = DispatchSemaphore(value: 0)
        let counter = Counter()
        for _ in 0..<ProgramUser.slots {
            DetachedThread.start(named: "twostep-trial") {
                while true {
                    let number = counter.take()
                    guard number < count else { break }
                    body(number)
                }
                done.signal()
            }
        }
        for _ in 0..<ProgramUser.slots { done.wait() }
    }

    /// Who is next.
    private final class Counter: Sendable {
        private let next = Atomic<Int>(0)
        func take() -> Int { next.add(1, ordering: .relaxed).oldValue }
    }
}
