import AdminProtocol
import Authentication
import CPOSIX
import Foundation
import Synchronization
import UnixSocket

/// The far end of admin.sock, or of self.sock, in a folder of its own, with one conversation that it expects word for word.
final class ScriptedDaemon: Sendable {
    enum Turn: Sendable {
        /// Reads a request with its secrets, and answers it.
        case exchange(AdminRequest, [String] = [], reply: AdminReply, secrets: [String] = [])
        /// The same at the socket of users.
        case own(SelfServiceRequest, [String] = [], reply: AdminReply, secrets: [String] = [])
        /// Reads whatever comes, and sends these bytes.
        case bytes([UInt8])
        /// Reads whatever comes, and leaves the client waiting until it goes away.
        case silence
        /// Hangs up without a word.
        case hangUp
    }

    let runtimeDirectory: String
    private let listener: Int32
    private let problems = Mutex<[String]>([])
    private let ended = DispatchSemaphore(value: 0)

    init(_ turns: [Turn]) throws {
        runtimeDirectory = try TemporaryFolder.make()
        listener = posix_local_stream()
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let isOwn = turns.contains { if case .own = $0 { true } else { false } }
        let path = Array("\(runtimeDirectory)/\(isOwn ? "self" : "admin").sock".utf8)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
        let bound = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { [listener] in
                unsafe bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(listener, 4) == 0 else { throw CocoaError(.fileWriteUnknown) }
        Thread.detachNewThread { [self] in
            converse(turns)
            ended.signal()
        }
    }

    /// What did not go as agreed, once the conversation is over.
    func finish() -> [String] {
        // Ten seconds are for a machine that is busy: nothing here takes long.
        guard ended.wait(timeout: .now() + 10) == .success else { return ["the conversation does not end"] }
        close(listener)
        TemporaryFolder.remove(runtimeDirectory)
        return problems.withLock { $0 }
    }

    private func converse(_ turns: [Turn]) {
        guard posix_wait_readable(listener, 10_000) == 1 else { return note("nobody connected") }
        let number = accept(listener, nil, nil)
        guard number >= 0 else { return note("nobody could be accepted") }
        let client = Descriptor.adopt(number)
        client.withNumber { number in
            for turn in turns {
                guard perform(turn, number) else { return }
            }
            if !receive(1, from: number).isEmpty { note("more was sent than was agreed on") }
        }
    }

    /// Whether the conversation goes on.
    private func perform(_ turn: Turn, _ number: Int32) -> Bool {
        switch turn {
        case .hangUp: return false
        case .silence:
            _ = request(number, AdminRequest.self)
            return true
        case .bytes(let bytes):
            _ = request(number, AdminRequest.self)
            send(bytes, to: number)
            return false
        case .exchange(let expected, let expectedSecrets, let reply, let secrets):
            return exchange(expected, expectedSecrets, reply, secrets, number)
        case .own(let expected, let expectedSecrets, let reply, let secrets):
            return exchange(expected, expectedSecrets, reply, secrets, number)
        }
    }

    private func exchange<Request: ServiceRequest>(
        _ expected: Request, _ expectedSecrets: [String], _ reply: AdminReply, _ secrets: [String], _ number: Int32
    ) -> Bool {
        guard let (found, foundSecrets) = request(number, Request.self) else {
            note("expected \(expected), found no request")
            return false
        }
        if found != expected { note("expected \(expected), found \(found)") }
        if foundSecrets != expectedSecrets { note("expected \(expectedSecrets), found \(foundSecrets)") }
        guard let frame = try? Frames.reply(reply, secrets: secrets) else {
            note("the reply cannot be sent")
            return false
        }
        send(frame, to: number)
        return true
    }

    private func request<Request: ServiceRequest>(_ number: Int32, _ type: Request.Type) -> (Request, [String])? {
        let start = receive(AdminFrame.headerSize, from: number)
        guard let header = try? AdminFrame.Header(start.span, within: Request.bounds) else { return nil }
        let body = receive(header.bodyCount, from: number)
        guard body.count == header.bodyCount,
            let request = try? Request(json: body.span.extracting(first: header.jsonCount)),
            let secrets = try? Frames.texts(body.span.extracting(droppingFirst: header.jsonCount))
        else { return nil }
        return (request, secrets)
    }

    private func receive(_ count: Int, from number: Int32) -> [UInt8] {
        var received: [UInt8] = []
        while received.count < count, posix_wait_readable(number, 10_000) == 1 {
            var byte: UInt8 = 0
            guard unsafe recv(number, &byte, 1, 0) == 1 else { break }
            received.append(byte)
        }
        return received
    }

    private func send(_ bytes: [UInt8], to number: Int32) {
        _ = unsafe bytes.withUnsafeBytes { unsafe posix_send(number, $0.baseAddress, $0.count) }
    }

    private func note(_ problem: String) { problems.withLock { $0.append(problem) } }
}
