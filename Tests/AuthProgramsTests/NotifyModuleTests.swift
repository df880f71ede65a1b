import AuthPrograms
import Authentication
import AuthenticationTesting
import Testing

/// What a code that was sent is good for, and for whom.
@Suite struct NotifyModuleTests {
    @Test(arguments: AuthModuleContract.rules)
    func `keeps the contract`(rule: AuthModuleContract.Rule) throws {
        let scene = try NotifyScene(["command": NotifyScene.command, "messages": NotifyScene.text("100")])
        let payloads = [NotifyScene.phone, NotifyScene.payload(1, "+49 151 2"), NotifyScene.payload(1, "+49 151 3")]
        let subject = AuthModuleContract.Subject(
            module: scene.module, payloads: payloads, initialState: 0, isOneTime: true, now: scene.now,
            next: { $0.later(by: 1) },
            right: { index, state, now in
                guard let session = try? NotifyScene.session() else { return [] }
                let device = NotifyScene.device("device \(index)", payloads[index], state: state)
                guard case .sent = scene.send(session, to: [device], at: now) else { return Array("00000000".utf8) }
                return Array(scene.code.utf8)
            }, wrong: Array("12345678".utf8))
        try rule.check(subject)
    }

    @Test func `takes the code that was sent, however it is typed`() throws {
        let scene = try NotifyScene()
        let session = try NotifyScene.session()
        for type in [{ $0 }, { "\($0.prefix(4)) \($0.dropFirst(4))" }, { "\($0.prefix(4))-\($0.dropFirst(4)) " }]
            as [(String) -> String]
        {
            guard case .sent(let message, _) = scene.send(session) else {
                Issue.record("nothing was sent")
                return
            }
            #expect(message == SentMessage(device: "phone", label: "Code sent to phone", awaitsApproval: false))
            #expect(scene.code.count == 8)
            #expect(try scene.refusal(of: type(scene.code), in: session) == nil)
        }
    }

    @Test func `a code of one session is good in no other, and that of one account for no other`() throws {
        let scene = try NotifyScene()
        let (mine, other) = (try NotifyScene.session(1), try NotifyScene.session(2))
        let mallory = try NotifyScene.session(3, of: "mallory")
        _ = scene.send(mine)
        let code = scene.code
        #expect(try scene.refusal(of: code, in: other) == .wrong)
        #expect(try scene.refusal(of: code, in: mallory) == .wrong)
        // One of mallory's own changes nothing about that.
        _ = scene.send(mallory)
        #expect(try scene.refusal(of: code, in: mallory) == .wrong)
        #expect(try scene.refusal(of: scene.code, in: mine) == .wrong)
        #expect(try scene.refusal(of: code, in: mine) == nil)
    }

    @Test func `a code is good for ten minutes and no second more, and never longer than its session`() throws {
        let scene = try NotifyScene()
        let session = try NotifyScene.session()
        _ = scene.send(session)
        #expect(try scene.refusal(of: scene.code, in: session, at: scene.now.later(by: 600)) == nil)
        #expect(try scene.refusal(of: scene.code, in: session, at: scene.now.later(by: 601)) == .wrong)
        let short = try NotifyScene.session(deadline: scene.now.later(by: 60).boottime)
        _ = scene.send(short)
        #expect(try scene.refusal(of: scene.code, in: short, at: scene.now.later(by: 60)) == nil)
        #expect(try scene.refusal(of: scene.code, in: short, at: scene.now.later(by: 61)) == .wrong)
    }

    @Test func `after a newer code the older is good for nothing, in whichever session`() throws {
        let scene = try NotifyScene()
        let (session, other) = (try NotifyScene.session(1), try NotifyScene.session(2))
        _ = scene.send(session)
        let first = scene.code
        _ = scene.send(session)
        #expect(try scene.refusal(of: first, in: session) == .wrong)
        let second = scene.code
        _ = scene.send(other)
        #expect(try scene.refusal(of: second, in: session) == .wrong)
        #expect(try scene.refusal(of: scene.code, in: other) == nil)
    }

    @Test func `a code is good once, whatever the memory of it says`() throws {
        let scene = try NotifyScene()
        let session = try NotifyScene.session()
        _ = scene.send(session)
        #expect(try scene.refusal(of: scene.code, in: session, state: 0) == nil)
        #expect(try scene.refusal(of: scene.code, in: session, state: 1) == .replayed)
    }

    @Test func `what was sent for a session is over with it`() throws {
        let scene = try NotifyScene()
        let session = try NotifyScene.session()
        _ = scene.send(session)
        // That of another is left alone.
        scene.module.withdraw(try NotifyScene.session(2))
        #expect(try scene.refusal(of: scene.code, in: session) == nil)
        scene.module.withdraw(session)
        #expect(try scene.refusal(of: scene.code, in: session) == .wrong)
    }

    @Test func `sends so many messages in a time and no more, to each account by itself`() throws {
        let scene = try NotifyScene([
            "command": NotifyScene.command, "messages": NotifyScene.text("3"), "window": NotifyScene.text("15m"),
        ])
        let session = try NotifyScene.session()
        for minute in 0..<3 as Range<Int64> {
            guard case .sent = scene.send(session, at: scene.now.later(by: minute * 60)) else {
                Issue.record("message \(minute) was not sent")
                return
            }
        }
        #expect(scene.send(session, at: scene.now.later(by: 180)) == .limited(seconds: 720))
        #expect(scene.send(session, at: scene.now.later(by: 899)) == .limited(seconds: 1))
        #expect(scene.office.sent.count == 3)
        guard case .sent = scene.send(try NotifyScene.session(2, of: "bob")) else {
            Issue.record("bob pays for alice")
            return
        }
        guard case .sent = scene.send(session, at: scene.now.later(by: 900)) else {
            Issue.record("the window never ends")
            return
        }
        #expect(scene.send(session, at: scene.now.later(by: 901)) == .limited(seconds: 59))
    }

    @Test func `what a host of the fleet has sent is counted apart, and voids nothing that others have`() throws {
        let scene = try NotifyScene(["command": NotifyScene.command, "messages": NotifyScene.text("2")])
        let session = try NotifyScene.session()
        _ = scene.send(session)
        let code = scene.code
        for number in 2...3 as ClosedRange<UInt64> {
            guard case .sent = scene.send(try NotifyScene.session(number), from: "0a") else {
                Issue.record("message \(number) was not sent")
                return
            }
        }
        #expect(scene.send(try NotifyScene.session(4), from: "0a") == .limited(seconds: 900))
        #expect(try scene.refusal(of: code, in: session) == nil)
        #expect(try scene.refusal(of: scene.code, in: session) == .wrong)
        #expect(try scene.refusal(of: scene.code, in: NotifyScene.session(3)) == nil)
        // Also behind the other one, which is used by then.
        #expect(try scene.refusal(of: scene.code, in: NotifyScene.session(3), state: 1) == nil)
        for asker in [nil, "0b"] as [String?] {
            guard case .sent = scene.send(try NotifyScene.session(5), from: asker) else {
                Issue.record("\(asker ?? "the machine itself") pays for another")
                return
            }
        }
    }

    @Test func `sends nothing for somebody who has no device`() throws {
        let scene = try NotifyScene()
        #expect(scene.send(try NotifyScene.session(), to: []) == .nobody)
        #expect(scene.office.sent.isEmpty)
    }

    @Test func `tries one device after the other, and says which were not reached`() throws {
        let office = PostOffice { letter, _ in
            letter.text.contains("+49 151 1") ? .failed("it has ended with status 3") : .said("")
        }
        let scene = try NotifyScene(office: office)
        let devices = [
            NotifyScene.device("phone", NotifyScene.phone), NotifyScene.device("desk", NotifyScene.payload(2, "a@b")),
            NotifyScene.device("other", NotifyScene.payload(1, "+49 151 2")),
        ]
        let session = try NotifyScene.session()
        guard case .sent(let message, let undelivered) = scene.send(session, to: devices) else {
            Issue.record("nothing was sent")
            return
        }
        #expect(message.device == "other")
        #expect(
            undelivered == [
                "the device 'phone' of alice was not reached: it has ended with status 3",
                "the device 'desk' of alice was not reached: the module notify has no mail:",
            ])
        #expect(scene.send(session, to: Array(devices.prefix(2))) == .failed(undelivered))
    }

    @Test func `a message that was not sent leaves the one before it as it is`() throws {
        let office = PostOffice { _, before in before.isEmpty ? .said("") : .failed("it hangs") }
        let scene = try NotifyScene(office: office)
        let session = try NotifyScene.session()
        _ = scene.send(session)
        let code = scene.code
        guard case .failed = scene.send(session) else {
            Issue.record("sent")
            return
        }
        #expect(try scene.refusal(of: scene.code, in: session) == .wrong)
        #expect(try scene.refusal(of: code, in: session) == nil)
    }

    // MARK: Set-up

    private func setup(_ scene: NotifyScene, _ parameters: [String: String]) throws -> SetupRequest {
        SetupRequest(
            account: try ContractTests.account(), device: "phone", issuer: "example", parameters: parameters,
            at: scene.now)
    }

    @Test func `an address is stored once a code has arrived there`() throws {
        let scene = try NotifyScene(["mail": NotifyScene.mail])
        let setup = try scene.module.beginSetup(setup(scene, ["to": "alice@example.org"]))
        #expect(scene.office.sent.count == 1 && scene.office.sent[0].text.contains("\nTo: alice@example.org\n"))
        let canGoUnconfirmed = setup.canGoUnconfirmed
        #expect(!canGoUnconfirmed)
        #expect(throws: SetupRejection.malformed) {
            _ = try scene.module.finishSetup(setup, ContractTests.input("1234567"), at: scene.now)
        }
        #expect(throws: SetupRejection.wrong) {
            _ = try scene.module.finishSetup(setup, ContractTests.input("12345678"), at: scene.now)
        }
        #expect(throws: SetupRejection.wrong) {
            let late = scene.now.later(by: 601)
            _ = try scene.module.finishSetup(setup, ContractTests.input(scene.code), at: late)
        }
        let finished = try scene.module.finishSetup(setup, ContractTests.input(scene.code), at: scene.now)
        let expected = NotifyScene.payload(2, "alice@example.org")
        let isStored = finished.payload.withBytes { payload in payload.indices.map { payload[$0] } == expected }
        #expect(isStored && finished.state == 0)
        #expect(scene.module.describe(expected.span, state: 3) == "mail, alice@example.org")
    }

    @Test(arguments: [
        [:], ["to": ""], ["to": "alice"], ["to": "a@b", "by": "command"], ["to": "a@b", "by": "pigeon"],
        ["to": "a@b", "digits": "6"], ["to": "a@b\nBcc: c@d"], ["to": "a@b, c@d"], ["to": "a@b c@d"], ["to": "<a@b>"],
        ["to": "a@b@c"], ["to": "@b"], ["to": "a@"], ["to": "-oQ/tmp@b"], ["to": "\"a\"@b"], ["to": "a@b;c@d"],
        ["to": "a@b\r"], ["to": "ä@b"], ["to": "(x)a@b"], ["to": "Bcc:a@b"],
        ["to": String(repeating: "a", count: 250) + "@b.example"],
    ])
    func `an address that is none, or more than one, is refused and nothing is sent`(_ parameters: [String: String])
        throws
    {
        let scene = try NotifyScene(["mail": NotifyScene.mail])
        #expect(throws: SetupFailure.self) { _ = try scene.module.beginSetup(setup(scene, parameters)) }
        #expect(scene.office.sent.isEmpty)
    }

    @Test func `setting up counts for the account's messages too`() throws {
        let scene = try NotifyScene(["command": NotifyScene.command, "messages": NotifyScene.text("1")])
        _ = try scene.module.beginSetup(setup(scene, ["to": "+49 151 1"]))
        #expect(throws: SetupFailure.self) { _ = try scene.module.beginSetup(setup(scene, ["to": "+49 151 1"])) }
        #expect(scene.send(try NotifyScene.session()) == .limited(seconds: 900))
    }
}
