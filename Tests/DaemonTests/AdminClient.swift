import AdminProtocol
import Authentication
import Glibc
import UnixSocket
import Wire

/// `twostep`'s end of admin.sock and self.sock, for tests: one request, one reply.
final class AdminClient {
    private let descriptor: Descriptor
    /// The secrets that came with the last reply.
    private(set) var secrets: [String] = []

    init(_ path: String) throws {
        let path = path.utf8CString
        descriptor = try unsafe path.span.withUnsafeBufferPointer { (path) throws(WireError) in
            guard let start = path.baseAddress else { throw WireError.closed }
            return try unsafe Listener.connect(to: start, before: .after(milliseconds: 5000))
        }
    }

    /// Asks, with secrets as texts.
    @discardableResult
    func ask(_ request: AdminRequest, _ secrets: String...) throws -> AdminReply {
        try ask(request, secrets: secrets.map { Array($0.utf8) })
    }

    /// Asks for the own account, with secrets as texts.
    @discardableResult
    func ask(own request: SelfServiceRequest, _ secrets: String...) throws -> AdminReply {
        try send(request, secrets.map { Array($0.utf8) })
    }

    /// Asks, with secrets that need be no text.
    func ask(_ request: AdminRequest, secrets values: [[UInt8]]) throws -> AdminReply { try send(request, values) }

    private func send(_ request: some ServiceRequest, _ values: [[UInt8]]) throws -> AdminReply {
        var fields = SecretFields()
        for value in values { try fields.append(value.span) }
        let frame = try request.frame(secrets: fields).withBytes { bytes in bytes.indices.map { bytes[$0] } }
        _ = try descriptor.withNumber { number in
            guard unsafe Glibc.send(number, frame, frame.count, Int32(MSG_NOSIGNAL)) == frame.count else {
                throw WireError.closed
            }
        }
        return try receive()
    }

    /// What the daemon says, asked or not.
    func receive() throws -> AdminReply {
        let start = try receive(AdminFrame.headerSize)
        let header = try AdminFrame.Header(start.span, within: .reply)
        let body = try receive(header.bodyCount)
        let fields = try SecretFields(decoding: body.span.extracting(droppingFirst: header.jsonCount))
        secrets = []
        for index in 0..<fields.count {
            let bytes = try fields.field(index).withBytes { bytes in bytes.indices.map { bytes[$0] } }
            secrets.append(String(decoding: bytes, as: UTF8.self))
        }
        return try AdminReply(json: body.span.extracting(first: header.jsonCount))
    }

    private func receive(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var received = 0
        while received < count {
            let got = descriptor.withNumber { number in
                unsafe bytes.withUnsafeMutableBytes { buffer in
                    unsafe recv(number, buffer.baseAddress.map { unsafe $0 + received }, count - received, 0)
                }
            }
            guard got > 0 else { throw WireError.closed }
            received += got
        }
        return bytes
    }
}

extension LoginWorld {
    /// A connection as `twostep` makes one.
    func administer() throws -> AdminClient { try AdminClient(adminPath) }

    /// A connection to self.sock as the `twostep` of a user makes one.
    func own(uid: UInt32 = 1001) throws -> AdminClient {
        try ThreadIdentity.with(uid: uid) { try AdminClient(ownPath) }
    }
}

extension AdminReply {
    /// The code of a refusal; nil for what is none.
    var refusalCode: AdminRefusal.Kind? {
        if case .refused(let refusal) = self { refusal.code } else { nil }
    }

    /// A refusal in words, with its hint.
    var refusalText: String {
        guard case .refused(let refusal) = self else { return "" }
        return [refusal.message, refusal.hint].compactMap { $0 }.joined(separator: " ")
    }
}
