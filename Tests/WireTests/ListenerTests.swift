import CPOSIX
import Foundation
import Testing
import UnixSocket
import Wire

/// These need a chain of folders that is root's alone, and get it from a tmpfs of their own.
@Suite struct ListenerTests {
    let folder: String

    init() throws { folder = try PrivateFolder.make() }

    @Test func `trusts a socket below folders of root's`() throws {
        let path = "\(folder)/a.sock"
        let listener = try TestListener(at: path)
        try connect(to: path)
        _ = listener
    }

    @Test(arguments: [
        "relative.sock", "", "/", "/run/", "//run/x.sock", "/run//x.sock", "/run/./x.sock", "/run/../x.sock",
    ])
    func `refuses a path that is not plainly one place`(path: String) {
        #expect(throws: WireError.untrusted(.pathForm)) { try connect(to: path) }
    }

    @Test func `takes a path of 107 bytes and none of 108`() throws {
        let longest = folder + "/" + String(repeating: "x", count: Listener.maximumPath - folder.utf8.count - 1)
        let listener = try TestListener(at: longest)
        try connect(to: longest)
        _ = listener
        #expect(throws: WireError.untrusted(.pathForm)) { try connect(to: longest + "x") }
    }

    @Test func `refuses a folder that is another's`() throws {
        let path = try socketBelow("other")
        try Files.chown("\(folder)/other", 1234, 0)
        #expect(throws: WireError.untrusted(.directory)) { try connect(to: path.path) }
    }

    @Test(arguments: [0o775, 0o757, 0o777, 0o1777] as [mode_t])
    func `refuses a folder that group or others may write, sticky or not`(mode: mode_t) throws {
        let path = try socketBelow("open")
        try Files.chmod("\(folder)/open", mode)
        #expect(throws: WireError.untrusted(.directory)) { try connect(to: path.path) }
    }

    @Test func `refuses a folder that is a link`() throws {
        let path = try socketBelow("real")
        try Files.symlink("\(folder)/real", "\(folder)/link")
        try connect(to: path.path)
        #expect(throws: WireError.untrusted(.directory)) { try connect(to: "\(folder)/link/a.sock") }
    }

    @Test func `refuses a file in place of a folder`() throws {
        try Files.create("\(folder)/file")
        #expect(throws: WireError.untrusted(.directory)) { try connect(to: "\(folder)/file/a.sock") }
    }

    @Test func `refuses a link to a socket, a file, a folder and a pipe in place of the socket`() throws {
        let path = try socketBelow("real")
        try Files.symlink(path.path, "\(folder)/link.sock")
        try Files.create("\(folder)/file.sock")
        try Files.mkdir("\(folder)/folder.sock", 0o755)
        try Files.mkfifo("\(folder)/pipe.sock", 0o644)
        for name in ["link.sock", "file.sock", "folder.sock", "pipe.sock"] {
            #expect(throws: WireError.untrusted(.notASocket)) { try connect(to: "\(folder)/\(name)") }
        }
    }

    @Test func `says what the system says about a socket that is absent or that nobody listens at`() throws {
        #expect(throws: WireError.system(ENOENT)) { try connect(to: "\(folder)/absent.sock") }
        #expect(throws: WireError.system(ENOENT)) { try connect(to: "\(folder)/absent/a.sock") }
        let path = "\(folder)/stale.sock"
        do { _ = try TestListener(at: path) }
        #expect(throws: WireError.system(ECONNREFUSED)) { try connect(to: path) }
    }

    struct Ownership: CustomTestStringConvertible, Sendable {
        let owner: Int
        let listener: Int
        let isTrusted: Bool
        var testDescription: String { "socket of \(owner), listener \(listener)" }
    }

    @Test(arguments: [
        Ownership(owner: 0, listener: 0, isTrusted: true),
        Ownership(owner: 1234, listener: 0, isTrusted: true),
        Ownership(owner: 1234, listener: 1234, isTrusted: true),
        Ownership(owner: 0, listener: 1234, isTrusted: false),
        Ownership(owner: 1234, listener: 1235, isTrusted: false),
        Ownership(owner: 65534, listener: 65534, isTrusted: false),
    ])
    func `trusts root and the socket's owner, and never the overflow uid`(row: Ownership) async throws {
        let path = "\(folder)/owned.sock"
        let process = try OwnedListener(at: path, owner: row.owner, uid: row.listener)
        defer { process.end() }
        if row.isTrusted {
            try connect(to: path)
        } else {
            #expect(throws: WireError.untrusted(.peer)) { try connect(to: path) }
        }
    }

    @Test func `waits in a full queue no longer than the deadline`() throws {
        let path = "\(folder)/full.sock"
        let listener = try TestListener(at: path, backlog: 0)
        // The queue takes one more than its backlog.
        let first = try open(path)
        let start = posix_boottime_milliseconds()
        #expect(throws: WireError.timedOut) { try connect(to: path, within: 200) }
        #expect(posix_boottime_milliseconds() - start >= 200)
        _ = listener
        _ = first.withNumber { $0 }
    }

    @Test func `gives up at once when the time is already over`() throws {
        let path = try socketBelow("late")
        #expect(throws: WireError.timedOut) { try connect(to: path.path, within: 0) }
    }

    // MARK: Frames over the socket

    @Test func `a frame that came in time is no use once the time is over`() throws {
        let path = "\(folder)/frames.sock"
        let listener = try TestListener(at: path)
        try unsafe path.withCString { path in
            let client = try unsafe Listener.connect(to: path, before: .after(milliseconds: 2_000))
            let peer = try listener.accept()
            peer.write(Samples.verdict(.granted))
            let hasInput = client.hasInput()
            #expect(hasInput)
            var frame = FrameBuffer.empty()
            do throws(WireError) {
                _ = try client.receive(into: &frame, before: Deadline(milliseconds: 0))
                Issue.record("a late frame was taken")
            } catch {
                #expect(error == .timedOut)
            }
            let header = try client.receive(into: &frame, before: .after(milliseconds: 2_000))
            #expect(header.kind == .verdict)
            #expect(try Decoded(frame.array()) == .verdict(.granted, text: ""))
        }
    }

    @Test func `reads a frame that comes byte by byte, and nothing past its end`() throws {
        let path = "\(folder)/bytes.sock"
        let listener = try TestListener(at: path)
        try unsafe path.withCString { path in
            let client = try unsafe Listener.connect(to: path, before: .after(milliseconds: 2_000))
            let peer = try listener.accept()
            let prompt = Samples.prompt(.visible, "Name: ")
            let writer = Thread {
                for byte in prompt { peer.write([byte]) }
                peer.write(Samples.verdict(.denied))
            }
            writer.start()
            var frame = FrameBuffer.empty()
            _ = try client.receive(into: &frame, before: .after(milliseconds: 5_000))
            #expect(frame.array() == prompt)
            _ = try client.receive(into: &frame, before: .after(milliseconds: 5_000))
            #expect(frame.array() == Samples.verdict(.denied))
        }
    }

    @Test func `tells a peer that is gone from one that is slow and from one that talks nonsense`() throws {
        let path = "\(folder)/gone.sock"
        let listener = try TestListener(at: path)
        try unsafe path.withCString { path in
            let client = try unsafe Listener.connect(to: path, before: .after(milliseconds: 2_000))
            let peer = try listener.accept()
            var frame = FrameBuffer.empty()
            #expect(receiveError(client, &frame, within: 50) == .timedOut)
            peer.write([0xFF, 0xFF, 0xFF, 0xFF, 1, 0x83])
            #expect(receiveError(client, &frame, within: 1_000) == .malformed)
            peer.write(Array(Samples.verdict(.granted).dropLast()))
            peer.close()
            #expect(receiveError(client, &frame, within: 1_000) == .closed)
            _ = frame.setAnswer("123456".bytes.span, version: 1)
            do throws(WireError) {
                try client.send(frame, before: .after(milliseconds: 1_000))
                Issue.record("sent to nobody")
            } catch {
                #expect(error == .closed)
            }
        }
    }

    @Test func `gives up sending to a peer that reads nothing`() throws {
        let path = "\(folder)/deaf.sock"
        let listener = try TestListener(at: path)
        try unsafe path.withCString { path in
            let client = try unsafe Listener.connect(to: path, before: .after(milliseconds: 2_000))
            let peer = try listener.accept()
            var frame = FrameBuffer.empty()
            _ = frame.setAnswer([UInt8](repeating: 0x41, count: 511).span, version: 1)
            var sent = 0
            do throws(WireError) {
                let deadline = Deadline.after(milliseconds: 300)
                while sent < 100_000 {
                    try client.send(frame, before: deadline)
                    sent += 1
                }
                Issue.record("nothing filled up")
            } catch {
                #expect(error == .timedOut)
            }
            _ = peer
        }
    }

    private func receiveError(
        _ client: borrowing Descriptor, _ frame: inout FrameBuffer, within milliseconds: Int64
    ) -> WireError? {
        do throws(WireError) {
            _ = try client.receive(into: &frame, before: .after(milliseconds: milliseconds))
            return nil
        } catch {
            return error
        }
    }

    private func connect(to path: String, within milliseconds: Int64 = 2_000) throws(WireError) {
        _ = try open(path, within: milliseconds)
    }

    private func open(_ path: String, within milliseconds: Int64 = 2_000) throws(WireError) -> Descriptor {
        let name = path.utf8CString
        return try unsafe name.span.withUnsafeBufferPointer { (characters) throws(WireError) in
            guard let start = characters.baseAddress else { throw .malformed }
            return try unsafe Listener.connect(to: start, before: .after(milliseconds: milliseconds))
        }
    }

    private struct Placed {
        let path: String
        let listener: TestListener
    }

    private func socketBelow(_ name: String) throws -> Placed {
        try Files.mkdir("\(folder)/\(name)", 0o755)
        let path = "\(folder)/\(name)/a.sock"
        return try Placed(path: path, listener: TestListener(at: path))
    }
}
