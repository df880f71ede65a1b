import AdminProtocol
import Authentication
import CPOSIX
import UnixSocket
import Wire

/// A conversation with twostepd on one of its sockets: one reply to each request, each within a limit of time.
struct DaemonConnection: ~Copyable {
    private let descriptor: Descriptor
    private let path: String
    private let limit: Int64
    /// Which of the sockets it is.
    let door: Door

    /// The sockets that `twostep` asks at.
    enum Door: String {
        /// Root's, about everybody.
        case administration = "admin.sock"
        /// Anybody's, about the own account.
        case own = "self.sock"
    }

    /// A reply, with the secrets that came with it.
    struct Answer: ~Copyable {
        let reply: AdminReply
        let secrets: SecretFields
    }

    /// Connects to a socket in a runtime directory; `limit` is in milliseconds, for connecting and for each reply.
    static func open(
        _ directory: String, _ door: Door = .administration, limit: Int64
    ) throws(CommandFailure) -> DaemonConnection {
        let path = directory + (directory.hasSuffix("/") ? "" : "/") + door.rawValue
        let number = posix_local_stream()
        guard number >= 0 else { throw unreachable(path, posix_errno()) }
        let descriptor = Descriptor.adopt(number)
        var facts = posix_file_facts()
        guard unsafe path.withCString({ unsafe posix_lstat($0, &facts) }) == 0 else {
            throw unreachable(path, posix_errno())
        }
        let code = descriptor.withNumber { number -> Int32 in
            guard posix_set_send_timeout(number, limit) == 0 else { return posix_errno() }
            while unsafe path.withCString({ unsafe posix_connect_local(number, $0) }) != 0 {
                let code = posix_errno()
                // Interrupted after it was accepted: it is connected.
                if code == EISCONN { return 0 }
                guard code == EINTR else { return code }
            }
            return 0
        }
        guard code == 0 else { throw unreachable(path, code) }
        let peer: PeerCredentials
        do throws(WireError) {
            peer = try descriptor.withNumber { (number) throws(WireError) in try PeerCredentials(of: number) }
        } catch {
            throw CommandFailure(.unreachable, code: .unreachable, "The kernel does not say who answers at \(path).")
        }
        guard peer.uid == 0 || peer.uid == facts.owner, peer.uid != PeerCredentials.overflowUID else {
            throw CommandFailure(
                .unreachable, code: .unreachable,
                "What answers at \(path) runs as uid \(peer.uid), which is neither root nor the socket's owner.",
                hint: "Nothing was sent. Find out which process it is: ss -xlp src \(path)")
        }
        return DaemonConnection(descriptor: descriptor, path: path, limit: limit, door: door)
    }

    /// Sends a request and returns the answer to it; a refusal is thrown.
    borrowing func ask(
        _ request: AdminRequest, secrets: borrowing SecretFields = SecretFields(), longer: Int64 = 0
    ) throws(CommandFailure) -> Answer {
        try send(request, secrets: secrets, longer: longer)
    }

    /// The same for the requests of either socket. An answer to one that takes its time may come so many milliseconds later
    /// than the limit.
    borrowing func send(
        _ request: some ServiceRequest, secrets: borrowing SecretFields, longer: Int64 = 0
    ) throws(CommandFailure) -> Answer {
        let frame: Secret
        do throws(AdminProtocolError) {
            frame = try request.frame(secrets: secrets)
        } catch {
            throw CommandFailure(AdminRefusal(error))
        }
        let deadline = Deadline.after(milliseconds: limit + longer)
        try send(frame, before: deadline)
        let answer = try receive(before: deadline)
        if case .refused(let refusal) = answer.reply { throw CommandFailure(refusal) }
        return answer
    }

    /// A secret that came with an answer, counted from 0; one that is missing is not understood.
    borrowing func secret(_ index: Int, of answer: borrowing Answer) throws(CommandFailure) -> SharedSecret {
        do throws(AdminProtocolError) {
            return SharedSecret(try answer.secrets.field(index))
        } catch {
            throw notUnderstood(error)
        }
    }

    /// What is said of an answer that is none to this request.
    borrowing func misplaced() -> CommandFailure { notUnderstood("it answers something that was not asked") }

    private borrowing func send(_ frame: borrowing Secret, before deadline: Deadline) throws(CommandFailure) {
        let path = path
        try descriptor.withNumber { (number) throws(CommandFailure) in
            try frame.withBytes { (bytes) throws(CommandFailure) in
                var sent = 0
                while sent < bytes.count {
                    let rest = bytes.extracting(droppingFirst: sent)
                    let count = unsafe rest.withUnsafeBytes { unsafe posix_send(number, $0.baseAddress, $0.count) }
                    if count > 0 {
                        sent += count
                        continue
                    }
                    switch posix_errno() {
                    case EINTR where deadline.remaining > 0: continue
                    // It may have told us why before it hung up.
                    case EPIPE, ECONNRESET: return
                    case let code: throw DaemonConnection.unreachable(path, code)
                    }
                }
            }
        }
    }

    private borrowing func receive(before deadline: Deadline) throws(CommandFailure) -> Answer {
        let start = try receive(AdminFrame.headerSize, before: deadline)
        let header: AdminFrame.Header
        do throws(AdminProtocolError) {
            header = try start.withBytes { (bytes) throws(AdminProtocolError) in
                try AdminFrame.Header(bytes, within: .reply)
            }
        } catch {
            throw notUnderstood(error)
        }
        let body = try receive(header.bodyCount, before: deadline)
        do throws(AdminProtocolError) {
            return try body.withBytes { (bytes) throws(AdminProtocolError) in
                Answer(
                    reply: try AdminReply(json: bytes.extracting(first: header.jsonCount)),
                    secrets: try SecretFields(decoding: bytes.extracting(droppingFirst: header.jsonCount)))
            }
        } catch {
            throw notUnderstood(error)
        }
    }

    /// Receives exactly so many bytes.
    private borrowing func receive(_ count: Int, before deadline: Deadline) throws(CommandFailure) -> Secret {
        let path = path
        let limit = limit
        return try descriptor.withNumber { (number) throws(CommandFailure) in
            try Secret(count: count) { (target) throws(CommandFailure) in
                var received = 0
                while received < count {
                    guard posix_wait_readable(number, deadline.remaining) != 0 else {
                        let span = Wording.span(seconds: limit / 1000)
                        throw CommandFailure(
                            .unreachable, code: .unreachable,
                            "twostepd does not answer at \(path): nothing came for \(span).",
                            hint: "See what it is doing: systemctl status twostepd; journalctl -u twostepd")
                    }
                    let got = unsafe target.withUnsafeMutableBytes {
                        unsafe posix_receive(number, $0.baseAddress.map { unsafe $0 + received }, count - received)
                    }
                    if got > 0 {
                        received += got
                        continue
                    }
                    let code = got == 0 ? ECONNRESET : posix_errno()
                    switch code {
                    case EINTR, EAGAIN: continue
                    case ECONNRESET:
                        throw CommandFailure(
                            .unreachable, code: .unreachable,
                            "twostepd has closed the connection at \(path) without an answer.",
                            hint: "See why: journalctl -u twostepd")
                    case let code: throw DaemonConnection.unreachable(path, code)
                    }
                }
            }
        }
    }

    /// What is said of an answer that cannot be read.
    borrowing func notUnderstood(_ error: AdminProtocolError) -> CommandFailure {
        switch error {
        case .oversized: notUnderstood("its answer is longer than any can be")
        case .truncated: notUnderstood("its answer ends before its end")
        case .malformed(let expected): notUnderstood("expected \(expected)")
        case .unsupportedVersion(let version):
            notUnderstood("it speaks version \(version) of the protocol, twostep version \(AdminEnvelope.version)")
        case .unknownVerb(let verb): notUnderstood("it answers with '\(verb)', which twostep does not know")
        }
    }

    private borrowing func notUnderstood(_ why: String) -> CommandFailure {
        CommandFailure(
            .unreachable, code: .protocolError, "What answers at \(path) is not understood: \(why).",
            hint: "Install the same version of twostep and twostepd, and restart twostepd.")
    }

    /// Whether `twostep init` has been here, as far as can be told; of a daemon elsewhere it cannot.
    private static func isPrepared(_ path: String) -> Bool {
        guard path.hasPrefix("\(ServiceOptions.usualDirectory)/") else { return true }
        do throws(CommandFailure) {
            return try InstallationFiles.holdsStore(InitCommand.usualState)
        } catch {
            return true
        }
    }

    private static func unreachable(_ path: String, _ code: Int32) -> CommandFailure {
        let hint =
            switch code {
            case ENOENT, ECONNREFUSED, ENOTDIR:
                isPrepared(path)
                    ? "Is twostepd running? Start it: systemctl start twostepd"
                    : "This machine has no store yet. Make it, then start twostepd: twostep init && systemctl start twostepd"
            case EACCES, EPERM: "Only root may ask. Try it with sudo."
            case ENAMETOOLONG: "The path of a socket has at most 107 bytes."
            case _: "Is twostepd running, and are you root? systemctl status twostepd"
            }
        return CommandFailure(
            .unreachable, code: .unreachable, "twostepd cannot be reached at \(path): \(SystemError.text(code)).",
            hint: hint)
    }
}
