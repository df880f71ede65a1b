import Glibc
import UnixSocket
import Wire

/// A module's end of the wire, for tests: it says what it is told to and reads what comes.
final class WireClient {
    /// What the daemon said.
    enum Said: Equatable {
        case prompt(PromptStyle, String)
        case set(String, String)
        case verdict(VerdictCode, String)
        case closed
    }

    private let descriptor: Descriptor
    private var frame = FrameBuffer.empty()
    var version: UInt8 = 1

    init(_ path: String) throws {
        let path = path.utf8CString
        descriptor = try unsafe path.span.withUnsafeBufferPointer { (path) throws(WireError) in
            guard let start = path.baseAddress else { throw WireError.closed }
            return try unsafe Listener.connect(to: start, before: .after(milliseconds: 5000))
        }
    }

    func begin(
        _ user: String, service: String = "sshd", methods: [String] = ["publickey ssh-ed25519"], authtok: Bool = false,
        remoteHost: String = "192.0.2.7", connection: String = "", terminal: String = "ssh",
        arguments: [String] = [], stage: Stage = .authenticate, flags: UInt32 = 0,
        versions: ClosedRange<UInt8> = 1...1
    ) throws {
        frame.start(.begin, version: versions.upperBound)
        frame.append(uint8: versions.lowerBound)
        frame.append(uint8: versions.upperBound)
        frame.append(uint8: stage.rawValue)
        frame.append(uint32: flags)
        frame.append(uint8: authtok ? 1 : 0)
        for text in [service, user, remoteHost, terminal, "", connection] { append(text) }
        frame.append(uint8: UInt8(methods.count))
        for text in methods { append(text) }
        frame.append(uint8: UInt8(arguments.count))
        for text in arguments { append(text) }
        frame.finish()
        try send()
    }

    private func append(_ text: String) {
        let bytes = Array(text.utf8)
        frame.append(field: bytes.span, atMost: 4000)
    }

    func answer(_ text: String) throws { try answer(Array(text.utf8)) }

    func answer(_ bytes: [UInt8]) throws {
        frame.start(.answer, version: version)
        for byte in bytes { frame.append(uint8: byte) }
        frame.finish()
        try send()
    }

    func say(_ kind: FrameKind) throws {
        frame.start(kind, version: version)
        frame.finish()
        try send()
    }

    /// Bytes that need be no frame.
    func send(raw bytes: [UInt8]) throws {
        _ = try descriptor.withNumber { number in
            guard unsafe Glibc.send(number, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
                throw WireError.closed
            }
        }
    }

    /// Says that nothing more will come, and goes on reading.
    func halfClose() { descriptor.withNumber { _ = shutdown($0, Int32(SHUT_WR)) } }

    private func send() throws { try descriptor.send(frame, before: .after(milliseconds: 5000)) }

    func receive() throws -> Said {
        let header: FrameHeader
        do {
            header = try descriptor.receive(into: &frame, before: .after(milliseconds: 10_000))
        } catch WireError.closed {
            return .closed
        }
        return try frame.withPayload { payload in
            func text(_ field: Field) -> String {
                (0..<field.count).reduce(into: [UInt8]()) { $0.append(payload[field.start + $1]) }.asText
            }
            switch header.kind {
            case .prompt:
                let prompt = try Prompt(payload)
                return .prompt(prompt.style, text(prompt.text))
            case .set:
                return switch try SetItem(payload) {
                case .environment(let name, let value): .set(text(name), text(value))
                case .authtok(let prefix): .set("PAM_AUTHTOK", String(prefix))
                }
            case .verdict:
                let verdict = try VerdictFrame(payload)
                return .verdict(verdict.code, text(verdict.text))
            case .begin, .answer, .unusable, .cancel: throw WireError.malformed
            }
        }
    }

    /// The verdict, whatever prompts and settings come before it.
    func verdict() throws -> Said {
        while true {
            let said = try receive()
            switch said {
            case .prompt, .set: continue
            case .verdict, .closed: return said
            }
        }
    }
}

extension [UInt8] {
    fileprivate var asText: String { String(decoding: self, as: UTF8.self) }
}
