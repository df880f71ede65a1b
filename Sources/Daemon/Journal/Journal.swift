import Authentication
import Glibc
import Synchronization

/// Where entries go. Recording never blocks and never decides anything.
package protocol Journal: Sendable {
    func record(_ entry: JournalEntry)
    /// Records how a login went. It may stay where it is until `wake` is called, or until something else is recorded.
    func record(_ login: LoginRecord)
    /// Sees to it that nothing stays where it is.
    func wake()
}

extension Journal {
    package func record(_ login: LoginRecord) { record(login.entry) }
    package func wake() {}
    package func error(_ message: String) { record(JournalEntry(.error, message)) }
    package func warning(_ message: String) { record(JournalEntry(.warning, message)) }
    package func notice(_ message: String) { record(JournalEntry(.notice, message)) }
}

/// journald where it listens, else standard error, from a thread of its own; at a terminal both.
///
/// At most 8,192 entries wait; what comes on top is dropped and the number said later. A login is never held up
/// by its record.
package final class SystemJournal: Journal {
    private static let mostWaiting = 8192

    private enum Item: Sendable {
        case entry(JournalEntry)
        case login(LoginRecord)
        case flush(BlockingQueue<Bool>)
    }

    private let queue = BlockingQueue<Item>()
    private let dropped = Atomic<Int>(0)
    private let journald: Int32?
    private let isAtTerminal = isatty(STDERR_FILENO) == 1
    /// Standard error was not taken the last time.
    private let isStuck = Atomic<Bool>(false)

    package init() {
        journald = SystemJournal.connectToJournald()
        DetachedThread.start(named: "twostep-journal") { [self] in
            var datagram = JournalDatagram()
            while true { write(queue.takeAll(), &datagram) }
        }
    }

    package func record(_ entry: JournalEntry) { put(.entry(entry)) }

    /// The record becomes words on the journal's own thread.
    package func record(_ login: LoginRecord) { put(.login(login), isQuiet: true) }

    package func wake() { queue.wake() }

    private func put(_ item: Item, isQuiet: Bool = false) {
        if !queue.put(item, unlessLongerThan: SystemJournal.mostWaiting, isQuiet: isQuiet) {
            dropped.add(1, ordering: .relaxed)
        }
    }

    /// Returns when everything recorded so far has been written.
    package func flush() {
        let done = BlockingQueue<Bool>()
        queue.put(.flush(done))
        _ = done.takeAll()
    }

    private func write(_ items: [Item], _ datagram: inout JournalDatagram) {
        let lost = dropped.exchange(0, ordering: .relaxed)
        if lost > 0 {
            write(JournalEntry(.warning, "\(lost) journal entries were dropped: too many at once"), &datagram)
        }
        for item in items {
            switch item {
            case .entry(let entry): write(entry, &datagram)
            case .login(let login):
                datagram.put(login)
                let isRecorded = send(datagram)
                if !isRecorded || isAtTerminal { say(login.entry) }
            case .flush(let done): done.put(true)
            }
        }
    }

    private func write(_ entry: JournalEntry, _ datagram: inout JournalDatagram) {
        datagram.put(entry)
        let isRecorded = send(datagram)
        // Whoever starts it by hand reads along.
        if !isRecorded || isAtTerminal { say(entry) }
    }

    /// Writes an entry to standard error. Whoever sits at a terminal needs no number for the level.
    private func say(_ entry: JournalEntry) {
        let level = isAtTerminal ? "" : "<\(entry.level.rawValue)>"
        let line = Array("\(level)twostepd: \(entry.message)\n".utf8)
        // A pipe that nobody reads must not stop this thread for ever: what does not fit is lost. It is waited for
        // once, and not again before it has taken something.
        var waited = pollfd(fd: 2, events: Int16(POLLOUT), revents: 0)
        let isStuck = isStuck.load(ordering: .relaxed)
        guard unsafe poll(&waited, 1, isStuck ? 0 : 1000) == 1 else {
            return self.isStuck.store(true, ordering: .relaxed)
        }
        if isStuck { self.isStuck.store(false, ordering: .relaxed) }
        _ = unsafe Glibc.write(2, line, line.count)
    }

    // MARK: journald's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL)

    private static func connectToJournald() -> Int32? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array("/run/systemd/journal/socket".utf8)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
        let status = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    private func send(_ datagram: JournalDatagram) -> Bool {
        guard let journald else { return false }
        let bytes = datagram.bytes
        return unsafe Glibc.send(journald, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)) >= 0
    }
}
