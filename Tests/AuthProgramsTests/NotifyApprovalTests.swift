import AuthPrograms
import Authentication
import AuthenticationTesting
import Testing

/// Logins that somebody approves elsewhere: by a number that stands where the login is, and nowhere else.
@Suite struct NotifyApprovalTests {
    private static let device = NotifyScene.device("phone", NotifyScene.payload(3, "alice"))

    /// A web service that gives an address to ask at, and answers there what `answer` makes of the request's reference.
    private static func office(
        status: String = "https://push.example.org/login/1",
        _ answer: @escaping @Sendable (_ reference: String) -> String
    ) -> PostOffice {
        PostOffice { letter, before in
            let asked = before.last { !$0.reference.isEmpty }
            guard letter.reference.isEmpty, let asked else { return .said("{\"status\":\"\(status)\"}\n200") }
            return .said(answer(asked.reference))
        }
    }

    private static func number(in message: SentMessage) -> Int {
        message.label.split(separator: " ").compactMap { Int($0) }.first ?? 0
    }

    /// What comes of a request to approve; nil if nothing could be sent.
    private func sent(_ scene: NotifyScene, for session: ValidationSession) -> SentMessage? {
        guard case .sent(let message, _) = scene.send(session, to: [Self.device]) else { return nil }
        return message
    }

    @Test func `a login is approved by its number, which nobody was sent`() throws {
        let number = Counter()
        let office = Self.office { #"{"reference":"\#($0)","answer":"approved","number":\#(number.value)}"# + "\n200" }
        let scene = try NotifyScene(["webhook": NotifyScene.approving], office: office)
        let session = try NotifyScene.session()
        let message = try #require(sent(scene, for: session))
        number.value = Self.number(in: message)
        #expect((10...99).contains(number.value) && message.awaitsApproval)
        #expect(message.label == "Choose \(number.value) on phone, then press Enter")
        let letter = try #require(scene.office.sent.first)
        #expect(letter.text.contains(#"\"request\":\"approve\""#) && !letter.text.contains(#"\"code\""#))
        #expect(!letter.text.contains("number\\\""))
        guard case .answered(let input) = scene.module.confirmation(for: session, at: scene.now) else {
            Issue.record("not approved")
            return
        }
        #expect(scene.office.sent.last?.text.hasPrefix(#"url = "https://push.example.org/login/1""#) == true)
        #expect(try scene.refusal(of: input, in: session) == nil)
        #expect(try scene.refusal(of: input, in: try NotifyScene.session(2)) == .wrong)
        #expect(try scene.refusal(of: input, in: session, state: 1) == .replayed)
        // It is approved once: nobody asks again.
        guard case .pending = scene.module.confirmation(for: session, at: scene.now) else {
            Issue.record("approved twice")
            return
        }
    }

    @Test(arguments: [
        #"{"reference":"R","answer":"approved","number":9}"#, #"{"reference":"R","answer":"approved","number":100}"#,
        #"{"reference":"R","answer":"denied"}"#,
    ])
    func `a wrong number or a no is judged as a wrong answer, and ends the request`(_ answer: String) throws {
        let office = Self.office { answer.replacing("\"R\"", with: "\"\($0)\"") + "\n200" }
        let scene = try NotifyScene(["webhook": NotifyScene.approving], office: office)
        let session = try NotifyScene.session()
        _ = try #require(sent(scene, for: session))
        guard case .answered(let input) = scene.module.confirmation(for: session, at: scene.now) else {
            Issue.record("not judged")
            return
        }
        #expect(scene.module.recognizes(input))
        #expect(try scene.refusal(of: input, in: session) == .wrong)
        guard case .pending = scene.module.confirmation(for: session, at: scene.now) else {
            Issue.record("the request is still open")
            return
        }
    }

    @Test(arguments: [
        "", "\n200", "{}\n200", "null\n200", "[]\n200", "approved\n200", #"{"answer":"approved","number":N}"# + "\n200",
        #"{"reference":"R","answer":"approved"}"# + "\n200",
        #"{"reference":"R","answer":"approved","number":"N"}"# + "\n200",
        #"{"reference":"R","answer":"approved","number":N}"# + "\n302",
        #"{"reference":"R","answer":"approved","number":N}"# + "\n500",
        #"{"reference":"R","answer":"approved","number":N}"#,
        #"{"reference":"R","answer":"approved","number":N,"also":1}"# + "\n200",
        #"{"reference":"R","answer":"approved","answer":"approved","number":N}"# + "\n200",
        #"{"reference":"another","answer":"approved","number":N}"# + "\n200",
        #"{"reference":"R","answer":"Approved","number":N}"# + "\n200",
        #"{"reference":"R","answer":true,"number":N}"# + "\n200",
    ])
    func `what is not known is no approval`(_ answer: String) throws {
        let number = Counter()
        let office = Self.office {
            answer.replacing("\"R\"", with: "\"\($0)\"").replacing("N", with: "\(number.value)")
        }
        let scene = try NotifyScene(["webhook": NotifyScene.approving], office: office)
        let session = try NotifyScene.session()
        number.value = Self.number(in: try #require(sent(scene, for: session)))
        guard case .unavailable = scene.module.confirmation(for: session, at: scene.now) else {
            Issue.record("'\(answer)' was taken for an answer")
            return
        }
    }

    @Test func `no answer cut short approves anything`() throws {
        let number = Counter()
        let length = Counter()
        let office = Self.office {
            let answer = #"{"reference":"\#($0)","answer":"approved","number":\#(number.value)}"# + "\n200"
            return String(answer.prefix(length.value))
        }
        let scene = try NotifyScene(["webhook": NotifyScene.approving], office: office)
        let session = try NotifyScene.session()
        number.value = Self.number(in: try #require(sent(scene, for: session)))
        let whole = 84
        for count in 0..<whole {
            length.value = count
            guard case .unavailable = scene.module.confirmation(for: session, at: scene.now) else {
                Issue.record("\(count) characters were enough")
                return
            }
        }
        length.value = whole
        guard case .answered(let input) = scene.module.confirmation(for: session, at: scene.now) else {
            Issue.record("the whole answer is not \(whole) characters long")
            return
        }
        #expect(try scene.refusal(of: input, in: session) == nil)
    }

    @Test func `what is pending may be asked for again`() throws {
        let isApproved = Counter()
        let number = Counter()
        let office = Self.office {
            isApproved.value == 0
                ? #"{"reference":"\#($0)","answer":"pending"}"# + "\n200"
                : #"{"reference":"\#($0)","answer":"approved","number":\#(number.value)}"# + "\n200"
        }
        let scene = try NotifyScene(["webhook": NotifyScene.approving], office: office)
        let session = try NotifyScene.session()
        number.value = Self.number(in: try #require(sent(scene, for: session)))
        guard case .pending = scene.module.confirmation(for: session, at: scene.now) else {
            Issue.record("not pending")
            return
        }
        isApproved.value = 1
        guard case .answered(let input) = scene.module.confirmation(for: session, at: scene.now) else {
            Issue.record("not approved")
            return
        }
        #expect(try scene.refusal(of: input, in: session) == nil)
    }

    @Test func `nobody is asked for another session, after ten minutes, or once the session is over`() throws {
        let office = Self.office { _ in "\n500" }
        let scene = try NotifyScene(["webhook": NotifyScene.approving], office: office)
        let session = try NotifyScene.session()
        _ = try #require(sent(scene, for: session))
        for (other, now) in [
            (try NotifyScene.session(2), scene.now), (try NotifyScene.session(1, of: "bob"), scene.now),
            (session, scene.now.later(by: 601)),
        ] {
            guard case .pending = scene.module.confirmation(for: other, at: now) else {
                Issue.record("asked for \(other.account)")
                return
            }
        }
        scene.module.withdraw(session)
        guard case .pending = scene.module.confirmation(for: session, at: scene.now) else {
            Issue.record("asked for a session that is over")
            return
        }
        #expect(scene.office.sent.count == 1)
    }

    @Test(arguments: [
        "http://push.example.org/1", "https://push.example.org.evil.example/1",
        "https://push.example.org@evil.example/1",
        "https://push.example.org:8443/1", "https://evil.example/1", "file:///etc/passwd", "", "https://",
        "https://push.example.org/1 x", "HTTPS://push.example.org/1",
    ])
    func `an answer is asked for at the web service's own origin alone`(_ status: String) throws {
        let scene = try NotifyScene(
            ["webhook": NotifyScene.approving], office: Self.office(status: status) { _ in "\n200" })
        guard case .failed = scene.send(try NotifyScene.session(), to: [Self.device]) else {
            Issue.record("'\(status)' would be asked")
            return
        }
    }
}
