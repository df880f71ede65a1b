package import AuthPrograms
import Synchronization

/// What programs say of themselves, asked of all of them at once: each may take its time, and none waits for another.
package enum ProgramDescriptions {
    /// As many as run at a time for logins.
    private static let mostAtOnce = 8

    /// Asks them, and returns when all have answered or have let their time go by.
    package static func ask(_ programs: [Program]) {
        let threads = min(mostAtOnce, programs.count)
        let next = Next()
        let ended = BlockingQueue<Bool>()
        for _ in 0..<threads {
            DetachedThread.start(named: "twostep-describe") {
                while let index = next.take(below: programs.count) { programs[index].describe() }
                ended.put(true)
            }
        }
        var left = threads
        while left > 0 { left -= ended.takeAll().count }
    }

    /// Whose turn it is.
    private final class Next: Sendable {
        private let index = Mutex(0)

        func take(below count: Int) -> Int? {
            index.withLock { index in
                guard index < count else { return nil }
                defer { index += 1 }
                return index
            }
        }
    }
}
