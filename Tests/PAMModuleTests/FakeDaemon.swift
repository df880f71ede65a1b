import CPOSIX
import Foundation
import Synchronization
import Testing
import Wire

/// A daemon that does what a test tells it, good or bad, once for each connection.
final class FakeDaemon: Sendable {
    let path: String
    private let descriptor: Int32
    private let received = Mutex<[[UInt8]]>([])
    private let finished = DispatchSemaphore(value: 0)

    /// Listens in a folder of its own, and plays `scene` for `connections` connections, one after the other.
    init(connections: Int = 1, _ scene: @escaping @Sendable (FakeConnection) throws -> Void) throws {
        path = try PrivateFolder.make() + "/login.sock"
        descriptor = try PrivateFolder.listen(at: path)
        Thread {
            for _ in 0..<connections {
                let number = accept(self.descriptor, nil, nil)
                guard number >= 0 else { break }
                let connection = FakeConnection(number)
                try? scene(connection)
                connection.drain()
                self.received.withLock { $0 += connection.received }
                connection.close()
            }
            self.finished.signal()
        }.start()
    }

    /// Everything that the module sent, once it has closed its last connection.
    func end() -> [[UInt8]] {
        // Nobody connected, or nobody will again: accept(2) returns.
        shutdown(descriptor, Int32(SHUT_RDWR))
        let isOver = finished.wait(timeout: .now() + 30) == .success
        #expect(isOver, "the fake daemon still waits for the module")
        close(descriptor)
        return received.withLock { $0 }
    }
}

/// One connection, as the daemon's side of a scene sees it. It is used by one thread.
final class FakeConnection {
    private let descriptor: Int32
    private(set) var received: [[UInt8]] = []
    var version: UInt8 = 1
    private var isClosed = false

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    func close() {
        if !isClosed { _ = CPOSIX.close(descriptor) }
        isClosed = true
    }

    /// The next whole frame, or an error at the end.
    @discardableResult
    func receive() throws -> [UInt8] {
        guard !isClosed else { throw Ended() }
        var frame = try read(6)
        frame += try read(Int(frame[2]) << 8 + Int(frame[3]) - 2)
        received.append(frame)
        return frame
    }

    private func read(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            var part = [UInt8](repeating: 0, count: count - bytes.count)
            let got = unsafe part.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
            guard got > 0 else { throw Ended() }
            bytes += part.prefix(got)
        }
        return bytes
    }

    /// Receives a frame and keeps nothing of it, so that a search of the memory finds what others keep.
    func discard() throws {
        let header = try read(6)
        let room = 4_096
        let place = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 1)
        defer {
            unsafe posix_wipe(place, room)
            unsafe place.deallocate()
        }
        var left = Int(header[2]) << 8 + Int(header[3]) - 2
        while left > 0 {
            let got = unsafe recv(descriptor, place, left, 0)
            guard got > 0 else { throw Ended() }
            left -= got
        }
    }

    struct Ended: Error {}

    /// Reads on until the module has closed.
    func drain() { while (try? receive()) != nil {} }

    func send(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { _ = unsafe posix_send(descriptor, $0.baseAddress, $0.count) }
    }

    func send(_ build: (inout FrameBuffer) -> Void) {
        var frame = FrameBuffer.empty()
        build(&frame)
        send(frame.withBytes { bytes in bytes.indices.map { bytes[$0] } })
    }

    func prompt(_ style: PromptStyle, _ text: String, patience: UInt16 = 0) {
        send { $0.setPrompt(style, patience: patience, text: Array(text.utf8).span, version: version) }
    }

    /// Puts a question and waits for what comes back.
    @discardableResult
    func ask(_ style: PromptStyle, _ text: String) throws -> [UInt8] {
        prompt(style, text)
        return try receive()
    }

    func set(_ name: String, _ value: String) {
        send { $0.setEnvironment(name: Array(name.utf8).span, value: Array(value.utf8).span, version: version) }
    }

    func setAuthtok(prefix: UInt16) { send { $0.setAuthtok(prefix: prefix, version: version) } }

    func verdict(_ code: VerdictCode, _ text: String = "") {
        send { $0.setVerdict(code, text: Array(text.utf8).span, version: version) }
    }
}

/// A folder on a tmpfs of our own, so that every folder on the way is root's alone.
enum PrivateFolder {
    private static let counter = Atomic(0)

    /// Makes a new one, or says what is missing.
    static func make() throws -> String {
        let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
        // A tmpfs that is shared with nobody: below `unshare -m` no mount is.
        let isOwn = mounts.split(separator: "\n").contains { line in
            line.split(separator: " ").dropFirst(4).first == "/run" && line.contains(" - tmpfs ")
                && !line.contains(" shared:")
        }
        guard getuid() == 0, isOwn else {
            throw Refusal(
                description: """
                    these tests need a /run of their own: run them by `make test`, or as root below \
                    `unshare -m -- sh -c 'mount -t tmpfs -o mode=0755 tmpfs /run && exec swift test …'`
                    """)
        }
        let parent = "/run/twostep-tests-\(getpid())"
        _ = unsafe mkdir(parent, 0o755)
        let path = "\(parent)/module-\(counter.add(1, ordering: .relaxed).newValue)"
        guard unsafe mkdir(path, 0o755) == 0 else {
            throw Refusal(description: "cannot make \(path): \(posix_errno())")
        }
        return path
    }

    /// Listens at a path; the descriptor is the caller's.
    static func listen(at path: String) throws -> Int32 {
        let descriptor = posix_local_stream()
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
            for (index, byte) in path.utf8.enumerated() where index < room.count { unsafe room[index] = byte }
        }
        let bound = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, CPOSIX.listen(descriptor, 16) == 0 else {
            throw Refusal(description: "cannot listen at \(path): \(posix_errno())")
        }
        return descriptor
    }

    struct Refusal: Error, CustomStringConvertible { let description: String }
}
