import Glibc
import PAMStacks

/// The memory that programs use which no service manager bounds: each with all that it has started, and all together.
package enum ProgramMemory {
    /// Of one run, in bytes: as much as a unit of the service manager's may use.
    package static let most: UInt64 = 512 << 20
    /// Of all runs together, in bytes.
    package static let mostTogether: UInt64 = 1 << 30

    /// Which run has to be ended, by what each of them uses: one that uses more than it may, or the largest where all together
    /// do; nil where that is well.
    package static func excessive(_ used: [(run: Int32, bytes: UInt64)]) -> Int32? {
        guard let largest = used.max(by: { $0.bytes < $1.bytes }) else { return nil }
        let together = used.reduce(UInt64(0)) { $0.addingReportingOverflow($1.bytes).partialValue }
        return largest.bytes > most || together > mostTogether ? largest.run : nil
    }

    /// What all descendants of a process have in memory, in bytes; what they share is counted for each. What cannot be told
    /// is nothing.
    package static func used(below process: Int32) -> UInt64 {
        var waiting = children(of: process)
        var seen: Set<Int32> = []
        var bytes: UInt64 = 0
        while let next = waiting.popLast(), seen.count < mostProcesses {
            guard seen.insert(next).inserted else { continue }
            bytes &+= resident(next)
            waiting += children(of: next)
        }
        return bytes
    }

    /// More than a run may have.
    private static let mostProcesses = 256

    /// Those that a process, by any thread of it, has started and that live.
    package static func children(of process: Int32) -> [Int32] {
        let files = HostTree(root: "/")
        return files.names(in: "/proc/\(process)/task").flatMap { thread -> [Int32] in
            let list = files.contents(of: "/proc/\(process)/task/\(thread)/children") ?? []
            return list.split(separator: UInt8(ascii: " ")).compactMap { Int32(String(decoding: $0, as: UTF8.self)) }
        }
    }

    private static func resident(_ process: Int32) -> UInt64 {
        let fields = (HostTree(root: "/").contents(of: "/proc/\(process)/statm") ?? []).split(
            separator: UInt8(ascii: " "))
        let page = sysconf(Int32(_SC_PAGESIZE))
        guard fields.count > 1, page > 0, let pages = UInt64(String(decoding: fields[1], as: UTF8.self)) else {
            return 0
        }
        return pages.multipliedReportingOverflow(by: UInt64(page)).partialValue
    }
}
