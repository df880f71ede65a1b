import CPOSIX
import Foundation
import Synchronization

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
        let path = "\(parent)/\(counter.add(1, ordering: .relaxed).newValue)"
        try Files.mkdir(path, 0o755)
        return path
    }

    struct Refusal: Error, CustomStringConvertible { let description: String }
}

/// System calls of which a test expects that they work.
enum Files {
    static func chown(_ path: String, _ uid: uid_t, _ gid: gid_t) throws {
        try check(unsafe CPOSIX.chown(path, uid, gid), path)
    }

    static func chmod(_ path: String, _ mode: mode_t) throws { try check(unsafe CPOSIX.chmod(path, mode), path) }

    static func symlink(_ target: String, _ path: String) throws {
        try check(unsafe CPOSIX.symlink(target, path), path)
    }

    static func mkdir(_ path: String, _ mode: mode_t) throws { try check(unsafe CPOSIX.mkdir(path, mode), path) }

    static func mkfifo(_ path: String, _ mode: mode_t) throws { try check(unsafe CPOSIX.mkfifo(path, mode), path) }

    static func create(_ path: String) throws {
        try check(FileManager.default.createFile(atPath: path, contents: nil) ? 0 : -1, path)
    }

    private static func check(_ status: Int32, _ path: String) throws {
        guard status == 0 else { throw PrivateFolder.Refusal(description: "\(path): errno \(posix_errno())") }
    }
}

/// A socket of the Unix domain that listens until it is let go of.
final class TestListener: Sendable {
    private let descriptor: Int32

    init(at path: String, backlog: Int32 = 16) throws {
        descriptor = posix_local_stream()
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
        guard bound == 0, listen(descriptor, backlog) == 0 else {
            throw PrivateFolder.Refusal(description: "cannot listen at \(path): \(posix_errno())")
        }
    }

    deinit { _ = close(descriptor) }

    func accept() throws -> TestPeer {
        let number = CPOSIX.accept(descriptor, nil, nil)
        guard number >= 0 else { throw PrivateFolder.Refusal(description: "cannot accept: \(posix_errno())") }
        return TestPeer(number)
    }
}

/// The far end of a connection, without any care for frames.
final class TestPeer: Sendable {
    private let descriptor: Int32
    private let isClosed = Atomic(false)

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close() }

    func write(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { _ = unsafe posix_send(descriptor, $0.baseAddress, $0.count) }
    }

    func close() {
        if !isClosed.exchange(true, ordering: .relaxed) { _ = CPOSIX.close(descriptor) }
    }
}

/// A process that listens as another user at a socket that is a third one's. The kernel notes who calls listen(2).
final class OwnedListener {
    private let process = Process()
    private let input = Pipe()

    init(at path: String, owner: Int, uid: Int) throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/perl")
        process.arguments = [
            "-e",
            """
            use Socket; my ($path, $owner, $uid) = @ARGV;
            socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die; bind($s, pack_sockaddr_un($path)) or die;
            chown($owner, 0, $path) == 1 or die; $) = "$uid $uid"; $> = $uid; $> == $uid or die;
            listen($s, 8) or die; $| = 1; print "listening\\n"; <STDIN>;
            """,
            path, "\(owner)", "\(uid)",
        ]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        guard try output.fileHandleForReading.read(upToCount: 1)?.isEmpty == false else {
            throw PrivateFolder.Refusal(description: "perl could not listen at \(path)")
        }
    }

    func end() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
