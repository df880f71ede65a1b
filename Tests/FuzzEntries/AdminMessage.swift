import AdminProtocol
import Authentication

/// What the command line and the daemon say to each other: what is understood is said again in the same words, and
/// understood the same.
enum AdminMessage {
    static func runRequest(_ json: [UInt8]) throws(Violation) {
        guard json.count <= AdminRequest.bounds.json else { return }
        try judge(json) { json throws(AdminProtocolError) in try AdminRequest(json: json.span) }
    }

    static func runOwnRequest(_ json: [UInt8]) throws(Violation) {
        guard json.count <= SelfServiceRequest.bounds.json else { return }
        try judge(json) { json throws(AdminProtocolError) in try SelfServiceRequest(json: json.span) }
    }

    private static func judge<Request: ServiceRequest>(
        _ json: [UInt8], _ read: ([UInt8]) throws(AdminProtocolError) -> Request
    ) throws(Violation) {
        guard let request = try? read(json) else { return }
        guard let frame = bytes({ () throws(AdminProtocolError) in try request.frame(secrets: SecretFields()) }) else {
            throw Violation("understood and not to be said again: \(request)")
        }
        let written = try self.json(of: frame, within: Request.bounds)
        let again = try? read(written)
        try promise(again == request, "\(request) is understood as \(String(describing: again))")
    }

    static func runReply(_ json: [UInt8]) throws(Violation) {
        guard json.count <= AdminFrame.Bounds.reply.json else { return }
        guard let reply = try? AdminReply(json: json.span) else { return }
        guard let frame = bytes({ () throws(AdminProtocolError) in try reply.frame(secrets: SecretFields()) }) else {
            throw Violation("understood and not to be said again: \(reply)")
        }
        let written = try self.json(of: frame, within: .reply)
        let again = try? AdminReply(json: written.span)
        try promise(again == reply, "\(reply) is understood as \(String(describing: again))")
    }

    /// What was made, as it would be sent; nil where it cannot be made.
    private static func bytes(_ make: () throws(AdminProtocolError) -> Secret) -> [UInt8]? {
        do throws(AdminProtocolError) {
            let made = try make()
            return made.withBytes { $0.array }
        } catch {
            return nil
        }
    }

    private static func json(of frame: [UInt8], within bounds: AdminFrame.Bounds) throws(Violation) -> [UInt8] {
        guard let header = try? AdminFrame.Header(frame.span.extracting(first: AdminFrame.headerSize), within: bounds)
        else { throw Violation("its own header is refused: \(frame.prefix(8))") }
        try promise(frame.count == AdminFrame.headerSize + header.bodyCount, "a frame of another length")
        return Array(frame[AdminFrame.headerSize..<AdminFrame.headerSize + header.jsonCount])
    }

    /// A whole frame: lengths, and the secret part.
    static func runFrame(_ bytes: [UInt8]) throws(Violation) {
        for bounds in [AdminFrame.Bounds.request, .ownRequest, .reply] where bytes.count >= AdminFrame.headerSize {
            guard
                let header = try? AdminFrame.Header(bytes.span.extracting(first: AdminFrame.headerSize), within: bounds)
            else { continue }
            try promise(header.jsonCount >= 0 && header.jsonCount <= bounds.json, "\(header)")
            try promise(header.secretCount >= 0 && header.secretCount <= bounds.secret, "\(header)")
        }
        let part = Array(bytes.dropFirst(AdminFrame.headerSize))
        guard let fields = try? SecretFields(decoding: part.span) else { return }
        try promise(fields.withBytes { $0.array } == part, "the secret part has changed")
        var again = SecretFields()
        for index in 0..<fields.count {
            do throws(AdminProtocolError) {
                try again.append(try fields.field(index))
            } catch {
                throw Violation("field \(index) of \(fields.count) is not there: \(error)")
            }
        }
        try promise(again.withBytes { $0.array } == part, "the fields, one behind the other, are not the part")
        let form = fields.form()
        try promise(form?.count == fields.count, "a form of \(form?.count ?? -1) fields")
    }
}
