import AdminProtocol
import Authentication

/// Where the answer to one request goes: called once, on the event loop.
struct AdminAnswer {
    private let deliver: (AdminReply, _ enrollment: PendingEnrollment?, _ issued: PendingEnrollment?) -> Void

    init(_ deliver: @escaping (AdminReply, _ enrollment: PendingEnrollment?, _ issued: PendingEnrollment?) -> Void) {
        self.deliver = deliver
    }

    /// Answers. `enrollment` is what the connection has begun from now on, and `issued` what was stored unasked and is
    /// to be shown.
    func callAsFunction(
        _ reply: AdminReply, enrollment: PendingEnrollment? = nil, issued: PendingEnrollment? = nil
    ) {
        deliver(reply, enrollment, issued)
    }

    /// Answers with what was found and what to type next.
    func refuse(
        _ code: AdminRefusal.Kind, _ message: String, hint: String? = nil, enrollment: PendingEnrollment? = nil
    ) {
        deliver(.refusal(code, message, hint: hint), enrollment, nil)
    }
}

extension AdminReply {
    /// A refusal: what was found and what to type next.
    static func refusal(_ code: AdminRefusal.Kind, _ message: String, hint: String? = nil) -> AdminReply {
        .refused(AdminRefusal(code, message, hint: hint))
    }

    /// What is said in place of a reply that is longer than any may be.
    static let tooLong = refusal(
        .internal, "The answer is too long to be sent.",
        hint: "Name a user; where none can be named, install the same version of twostep and twostepd.")

    /// The secrets that travel beside the reply; throws `oversized`.
    func secrets(
        of enrollment: PendingEnrollment?, issued: PendingEnrollment?
    ) throws(AdminProtocolError) -> SecretFields {
        var shown = SecretFields()
        if case .enrollmentBegun = self, let enrollment {
            try shown.append(enrollment.setup.uri)
            try shown.append(enrollment.setup.key)
            try shown.append(enrollment.setup.codes)
        }
        if case .shown = self, let issued {
            try shown.append(issued.setup.uri)
            try shown.append(issued.setup.key)
        }
        if case .enrollmentDone = self, let issued { try shown.append(issued.setup.codes) }
        return shown
    }
}
