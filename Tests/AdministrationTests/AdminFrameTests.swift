import AdminProtocol
import Authentication
import Testing

@Suite struct AdminFrameTests {
    static let totp = ModuleReference(type: "totp", id: "work")

    static let requests: [AdminRequest] = [
        .status, .list(account: nil), .list(account: "alice"), .list(account: nil, after: "alice"),
        .beginEnrollment(account: "alice", module: totp, device: "phone", parameters: ["digits": "8"]),
        .beginEnrollment(account: "alice", module: totp, device: nil, parameters: [:], issuesNothing: true),
        .finishEnrollment, .storeWithoutConfirmation,
        .remove(account: "alice", device: "phone", module: nil, force: true), .verify(account: "zoë"),
        .unlock(account: "alice"), .users(provider: nil), .users(provider: Samples.homeassistant),
        .users(provider: nil, after: .beginning), .credentials(after: Samples.place), .sessions(after: "00ff"),
        .user(username: "zoë 🔑", provider: nil), .user(username: nil, provider: Samples.home),
        .setPassword(username: "zoë", provider: Samples.home, intent: .add),
        .setPassword(username: "zoë", provider: Samples.home, intent: .change),
        .setPassword(username: "homeassistant", provider: Samples.legacy, intent: .share),
        .removeUser(username: "zoë", provider: Samples.home), .credentials(),
        .link(username: "zoë", provider: Samples.home, account: "alice"),
        .unlink(username: "zoë", provider: Samples.home), .sessions(), .endSession(id: "00ff"),
        .block(account: "alice", reason: nil), .block(account: "alice", reason: "stolen"), .unblock(account: "alice"),
        .adopt(account: "alice", uid: nil), .adopt(account: "alice", uid: 1005), .grants(),
        .grants(before: 7, account: "alice"),
        .revokeGrants(id: 3, account: nil), .revokeGrants(id: nil, account: "alice"),
        .explain(login: Samples.login), .explain(login: SupposedLogin(service: "sudo", account: "alice")),
        .stageDevices(devices: [
            StagedDevice(account: "alice", module: totp, device: "phone", parameters: ["digits": "8"])
        ]),
        .commitImport(whenPresent: .replace), .checkImport(whenPresent: .skip),
    ]

    @Test func `every verb is in the table above`() throws {
        let verbs = try AdminFrameTests.requests.map { request in
            let frame = try Frames.request(request)
            let json = String(decoding: frame.dropFirst(8), as: UTF8.self)
            return String(json.dropFirst(#"{"message":{""#.count).prefix { $0 != "\"" })
        }
        #expect(Set(verbs).count == 26)
    }

    @Test(arguments: requests) func `a request arrives as it was sent`(request: AdminRequest) throws {
        let frame = try Frames.request(request, secrets: ["123456", ""])
        let header = try AdminFrame.Header(frame.span.extracting(first: 8), within: .request)
        #expect(frame.count == 8 + header.bodyCount)
        #expect(try AdminRequest(json: frame.span.extracting(8..<8 + header.jsonCount)) == request)
        #expect(try Frames.texts(frame.span.extracting(droppingFirst: 8 + header.jsonCount)) == ["123456", ""])
    }

    static let replies: [AdminReply] = [
        .status(Samples.status), .listing(Samples.listing), .enrollmentBegun(Samples.begun),
        .enrollmentDone(Samples.done),
        .removed(Removal(account: "alice", module: totp, device: "phone", remaining: 0)),
        .verified(CodeDiagnosis(account: "alice", match: nil)),
        .verified(Samples.diagnosis(offset: -3, isAcceptable: false)),
        .unlocked(Unlocking(account: "alice", failures: 6)),
        .enrollmentBegun(Samples.pinBegun), .enrollmentDone(Samples.doneWithCodes),
        .users(UserListing(users: [Samples.zoe])), .users(UserListing(users: [], next: Samples.place)),
        .user(Samples.nobody),
        .passwordSet(PasswordChange(user: Samples.zoe, replaced: true)),
        .userRemoved(UserRemoval(provider: Samples.home, username: "zoë", account: nil)),
        .credentials(CredentialsListing(credentials: [Samples.credentials])), .linked(Samples.link()),
        .linked(Samples.link(isPrivileged: nil)),
        .unlinked(CredentialsRemoval(provider: Samples.home, username: "zoë", account: "alice")),
        .sessions(SessionListing(sessions: [Samples.session])), .sessionEnded(Samples.session),
        .blocked(Blocking(block: Samples.block, wasBlocked: false)),
        .unblocked(Unblocking(account: "alice", wasBlocked: true)), .adoption(Samples.adoption(isDone: false)),
        .grants(GrantListing(grants: [Samples.grant])), .grantsRevoked(GrantListing(grants: [], others: 3)),
        .explained(Samples.explanation), .explained(Samples.end),
        .imported(ImportedDevices(devices: 1, replaced: 0, skipped: [SkippedDevice(index: 1, hasSameKey: true)])),
        .refused(AdminRefusal(.lastDevice, "It is the last.", hint: "--force")),
        .refused(AdminRefusal(AdminRefusal.Kind(rawValue: "of_a_later_version"), "…")),
    ]

    @Test(arguments: replies) func `a reply arrives as it was sent`(reply: AdminReply) throws {
        let frame = try Frames.reply(reply, secrets: ["otpauth://totp/x", "ABCD"])
        let header = try AdminFrame.Header(frame.span.extracting(first: 8), within: .reply)
        #expect(try AdminReply(json: frame.span.extracting(8..<8 + header.jsonCount)) == reply)
    }

    @Test func `a secret stands in the secret part alone`() throws {
        let frame = try Frames.request(.verify(account: "alice"), secrets: ["493817"])
        let header = try AdminFrame.Header(frame.span.extracting(first: 8), within: .request)
        let json = String(decoding: frame[8..<8 + header.jsonCount], as: UTF8.self)
        #expect(json == #"{"message":{"verify":{"account":"alice"}},"version":1}"#)
        #expect(Array(frame[(8 + header.jsonCount)...]) == [0, 6] + Array("493817".utf8))
    }

    struct Lengths: Sendable {
        let json: Int
        let secret: Int
        let error: AdminProtocolError?
    }

    @Test(arguments: [
        Lengths(json: 0, secret: 0, error: nil), Lengths(json: 65_536, secret: 4096, error: nil),
        Lengths(json: 65_537, secret: 0, error: .oversized), Lengths(json: 2, secret: 4097, error: .oversized),
        Lengths(json: 0x7FFF_FFFF, secret: 0, error: .oversized),
        Lengths(json: 0xFFFF_FFFF, secret: 0xFFFF_FFFF, error: .oversized),
    ]) func `a length is held to its bound before anything is read`(lengths: Lengths) {
        let bytes = Frames.number(lengths.json) + Frames.number(lengths.secret)
        var error: AdminProtocolError?
        do throws(AdminProtocolError) {
            _ = try AdminFrame.Header(bytes.span, within: .request)
        } catch let found {
            error = found
        }
        #expect(error == lengths.error)
    }

    @Test(arguments: [[0], [0, 1], [0, 2, 65], [0, 1, 65, 0], [255, 255, 1]] as [[UInt8]])
    func `a secret part that its fields do not fill is refused`(part: [UInt8]) {
        #expect(throws: AdminProtocolError.truncated) { try Frames.texts(part.span) }
    }

    @Test func `a field that is not there is refused`() throws {
        let fields = try Frames.fields(["one"])
        #expect(throws: AdminProtocolError.truncated) { Frames.bytes(try fields.field(1)) }
        #expect(throws: AdminProtocolError.truncated) { Frames.bytes(try fields.field(-1)) }
    }

    @Test(arguments: [[], [""], ["1234"], ["1234", "", "zoë"]] as [[String]])
    func `the secret part is a form of as many fields`(values: [String]) throws {
        let form = try #require(try Frames.fields(values).form())
        #expect(form.count == values.count)
        for (index, value) in values.enumerated() {
            let found = form.withField(at: index) { bytes in bytes.indices.map { bytes[$0] } }
            #expect(found == Array(value.utf8))
        }
    }

    @Test func `what is too long is not sent`() {
        let long = String(repeating: "x", count: 5000)
        #expect(throws: AdminProtocolError.oversized) { try Frames.request(.status, secrets: [long]) }
        let longer = String(repeating: "x", count: 70_000)
        #expect(throws: AdminProtocolError.oversized) { try Frames.request(.unlock(account: longer)) }
        #expect(throws: AdminProtocolError.oversized) { try Frames.request(.status, secrets: [longer]) }
    }

    struct Unreadable: Sendable {
        let json: String
        let error: AdminProtocolError
    }

    @Test(arguments: [
        Unreadable(json: "", error: .malformed("an object with a version and one message")),
        Unreadable(json: "[]", error: .malformed("an object with a version and one message")),
        Unreadable(json: #"{"version":1,"message":{}}"#, error: .malformed("an object with a version and one message")),
        Unreadable(
            json: #"{"version":1,"message":{"status":{},"unlock":{"account":"a"}}}"#,
            error: .malformed("an object with a version and one message")),
        Unreadable(
            json: #"{"version":"1","message":{"status":{}}}"#,
            error: .malformed("an object with a version and one message")),
        Unreadable(json: #"{"version":3,"message":{"status":{}}}"#, error: .unsupportedVersion(3)),
        Unreadable(
            json: #"{"version":-9223372036854775808,"message":{"status":{}}}"#,
            error: .unsupportedVersion(Int.min)),
        Unreadable(json: #"{"version":1,"message":{"ennoble":{}}}"#, error: .unknownVerb("ennoble")),
        Unreadable(json: #"{"version":1,"message":{"unlock":{}}}"#, error: .malformed("the members of 'unlock'")),
        Unreadable(
            json: #"{"version":1,"message":{"unlock":{"account":7}}}"#, error: .malformed("the members of 'unlock'")),
        Unreadable(json: #"{"version":1,"message":{"link":{}}}"#, error: .malformed("the members of 'link'")),
        Unreadable(
            json: #"{"version":1,"message":{"setPassword":{"username":"a","provider":{"type":"b"},"intent":"guess"}}}"#,
            error: .malformed("the members of 'setPassword'")),
        Unreadable(
            json: #"{"version":1,"message":{"removeUser":{"username":"a","provider":"b"}}}"#,
            error: .malformed("the members of 'removeUser'")),
        Unreadable(
            json: #"{"version":1,"message":{"endSession":{"id":1}}}"#, error: .malformed("the members of 'endSession'")),
    ]) func `what is no request is refused with what was expected`(unreadable: Unreadable) {
        let json = Array(unreadable.json.utf8)
        #expect(throws: unreadable.error) { try AdminRequest(json: json.span) }
    }

    @Test func `adjacent versions are understood, and what they add is passed over`() throws {
        let json = Array(#"{"version":2,"message":{"unlock":{"account":"alice","why":"x"}},"trace":1}"#.utf8)
        #expect(try AdminRequest(json: json.span) == .unlock(account: "alice"))
    }

    @Test(
        arguments: [
            (#"{"users":{}}"#, .users(provider: nil)), (#"{"credentials":{}}"#, .credentials()),
            (#"{"sessions":{}}"#, .sessions()), (#"{"hosts":{}}"#, .hosts()),
            (#"{"list":{}}"#, .list(account: nil)),
        ] as [(String, AdminRequest)])
    func `what a command line asks that knows no pages is understood`(json: String, request: AdminRequest) throws {
        let bytes = Array(#"{"message":\#(json),"version":1}"#.utf8)
        #expect(try AdminRequest(json: bytes.span) == request)
        // It stands so on the wire.
        #expect(try Array(Frames.request(request).dropFirst(8).prefix(bytes.count)) == bytes)
    }

    @Test func `deep nesting is refused`() {
        let json = Array((String(repeating: "[", count: 60_000)).utf8)
        #expect(throws: AdminProtocolError.malformed("an object with a version and one message")) {
            try AdminRequest(json: json.span)
        }
    }
}
