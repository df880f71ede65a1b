import Authentication
import Daemon
import Glibc
import PAMStacks

/// Whether the clock, which codes are judged by, can be right.
struct ClockFindings: FindingSource {
    let subject = "clock"
    let tree: HostTree
    /// Unix seconds.
    let now: Int64
    /// Whether something keeps it right; nil if that cannot be told.
    let isSynchronized: Bool?

    func findings() -> [CheckFinding] {
        let moment = Moment(wall: now, boottime: 0, boot: 0)
        return ClockDoubt.all(at: moment, lastUse: lastWritten, isSynchronized: isSynchronized).map { doubt in
            CheckFinding(
                doubt.isCertain ? .problem : .warning, file: "clock", found: words(doubt, at: moment),
                mend: .command("timedatectl"))
        }
    }

    private func words(_ doubt: ClockDoubt, at moment: Moment) -> String {
        guard case .beforeLastUse(let time) = doubt else { return doubt.words(at: moment) }
        return "It shows \(Wording.moment(now)), and the store was written at \(Wording.moment(time))."
    }

    /// When the store was last written, for who may know.
    private var lastWritten: Int64? {
        let files = ["twostep.sqlite", "twostep.sqlite-wal"].compactMap { tree.resolved("/var/lib/twostep/\($0)") }
        return files.compactMap { file in
            var status = stat()
            guard unsafe stat(file, &status) == 0 else { return nil }
            return Int64(status.st_mtim.tv_sec)
        }.max()
    }
}
