import CPOSIX
import Foundation
import Synchronization
import Wire

/// A daemon that sends what a script says, one connection after the other, and writes down what it is told.
final class HostileDaemon: Sendable {
    /// What went over one connection.
    struct Record {
        var sent: [UInt8] = []
        var received: [[UInt8]] = []
    }

    /// The one of this process: making a listener for each input would be most of the work.
    static let shared = Result { try HostileDaemon() }

    let path: String
    private let listener: Int32
    private let script = Mutex<[[UInt8]]>([])
    private let record = Mutex(Record())
    private let finished = DispatchSemaphore(value: 0)

    /// The folder is on a tmpfs that is root's alone: the module trusts no other.
    private init() throws {
        let folder = "/run/twostep-fuzz-\(getpid())"
        guard unsafe mkdir(folder, 0o755) == 0 else {
            throw Violation("cannot make \(folder): this wants a /run of its own, see Tests/run")
        }
        path = folder + "/login.sock"
        listener = posix_local_stream()
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = path
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
            for (index, byte) in name.utf8.enumerated() where index < room.count { unsafe room[index] = byte }
        }
        let listener = listener
        let status = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0, listen(listener, 16) == 0 else { throw Violation("cannot listen at \(name)") }
        Thread { self.serve() }.start()
    }

    /// Lets `body` talk to a daemon with this script; it says whether it has connected, and then the record is returned.
    func play(_ pieces: [[UInt8]], during body: () -> Bool) -> Record? {
        script.withLock { $0 = pieces }
        guard body() else { return nil }
        finished.wait()
        return record.withLock { $0 }
    }

    private func serve() {
        while true {
            let number = accept(listener, nil, nil)
            guard number >= 0 else { continue }
            let made = HostileDaemon.converse(number, script.withLock { $0 })
            close(number)
            record.withLock { $0 = made }
            finished.signal()
        }
    }

    private static func converse(_ number: Int32, _ pieces: [[UInt8]]) -> Record {
        var record = Record()
        var isThere = receive(number, &record)
        for piece in pieces where isThere {
            let count = unsafe piece.withUnsafeBytes { unsafe posix_send(number, $0.baseAddress, $0.count) }
            if count > 0 { record.sent += piece.prefix(count) }
            // Only where the module answers is it waited for: it waits for us everywhere else.
            if Transcript(record.sent).endsWithQuestion { isThere = receive(number, &record) }
        }
        shutdown(number, Int32(SHUT_WR))
        while isThere { isThere = receive(number, &record) }
        return record
    }

    /// The next frame of the module; false once there is none.
    private static func receive(_ number: Int32, _ record: inout Record) -> Bool {
        guard let header = read(number, 6), let payload = read(number, Int(header[2]) << 8 + Int(header[3]) - 2) else {
            return false
        }
        record.received.append(header + payload)
        return true
    }

    private static func read(_ number: Int32, _ count: Int) -> [UInt8]? {
        guard count > 0 else { return count == 0 ? [] : nil }
        var bytes = [UInt8](repeating: 0, count: count)
        let got = unsafe bytes.withUnsafeMutableBytes {
            unsafe recv(number, $0.baseAddress, $0.count, Int32(MSG_WAITALL))
        }
        return got == count ? bytes : nil
    }
}
