import AdminProtocol
import AuthModules
import Authentication
import AuthenticationTesting
import Daemon
import Testing
import Wire

/// How many devices of one module an account may have, however the next one is to come.
@Suite struct DeviceExcessTests {
    static let app = SelfServiceTests.app
    static let sentence = "alice would have 11 devices with app, and an account may have 10. Nothing was stored."

    /// alice has this many apps; the first is called `phone`, and answers.
    private func world(holding count: Int) throws -> LoginWorld {
        let world = try SelfServiceTests.world()
        for number in 2...count { try world.enroll("alice", module: Self.app.id, device: "tablet \(number)") }
        return world
    }

    /// What was found, without what to do about it.
    private static func message(_ reply: AdminReply) -> String? {
        if case .refused(let refusal) = reply { refusal.message } else { nil }
    }

    private func count(_ world: LoginWorld) throws -> Int {
        try world.store.devices(of: AccountName("alice")).count { $0.key.module == Self.app.id }
    }

    @Test func `the administrator is told before a secret is shown, and may replace one`() async throws {
        try await withWorld(world(holding: 10)) { (world) async throws in
            let client = try world.administer()
            let refused = try client.ask(EnrollingTests.begin(EnrollingTests.app, device: "eleventh"))
            #expect(refused.refusalCode == .tooManyDevices)
            #expect(Self.message(refused) == Self.sentence)
            #expect(client.secrets.isEmpty)
            guard
                case .enrollmentBegun(let begun) =
                    try client.ask(EnrollingTests.begin(EnrollingTests.app, device: "tablet 2"))
            else { throw WorldFailure("not begun") }
            #expect(begun.replaces)
            #expect(try client.ask(.finishEnrollment, "right").refusalCode == nil)
            #expect(try count(world) == 10)
        }
    }

    @Test func `of two that were begun for one place the later is refused`() async throws {
        try await withWorld(world(holding: 9)) { (world) async throws in
            let (early, late) = (try world.administer(), try world.administer())
            try early.ask(EnrollingTests.begin(EnrollingTests.app, device: "early"))
            try late.ask(EnrollingTests.begin(EnrollingTests.app, device: "late"))
            #expect(try early.ask(.finishEnrollment, "right").refusalCode == nil)
            let refused = try late.ask(.finishEnrollment, "right")
            #expect(refused.refusalCode == .tooManyDevices && Self.message(refused) == Self.sentence)
            #expect(try late.ask(.storeWithoutConfirmation).refusalCode == .tooManyDevices)
            #expect(try count(world) == 10)
        }
    }

    @Test func `other modules and other accounts have bounds of their own`() async throws {
        try await withWorld(world(holding: 10)) { (world) async throws in
            let client = try world.administer()
            try client.ask(EnrollingTests.begin(EnrollingTests.paper))
            #expect(try client.ask(.storeWithoutConfirmation).refusalCode == nil)
            try client.ask(EnrollingTests.begin(EnrollingTests.app, account: "bob"))
            #expect(try client.ask(.finishEnrollment, "right").refusalCode == nil)
        }
    }

    @Test func `users read the same before a secret is shown, and may remove one`() async throws {
        try await withWorld(world(holding: 10)) { (world) async throws in
            let client = try world.own()
            try SelfServiceTests.prove(client)
            let refused = try SelfServiceTests.begin(client)
            #expect(refused.refusalCode == .tooManyDevices && Self.message(refused) == Self.sentence)
            #expect(client.secrets.isEmpty)
            #expect(try client.ask(own: .remove(device: "tablet 2", module: nil)).refusalCode == nil)
            #expect(try count(world) == 9)
        }
    }

    @Test func `users whose place was taken while they were at it are refused at the end`() async throws {
        try await withWorld(world(holding: 9)) { (world) async throws in
            let client = try world.own()
            try SelfServiceTests.prove(client)
            #expect(try SelfServiceTests.begin(client).refusalCode == nil)
            try world.enroll("alice", module: Self.app.id, device: "the administrator's")
            let refused = try client.ask(own: .finishEnrollment, "right")
            #expect(refused.refusalCode == .tooManyDevices && Self.message(refused) == Self.sentence)
            #expect(try count(world) == 10)
        }
    }

    // MARK: passwd(1)

    private func change(_ world: LoginWorld, _ stage: Stage) throws -> WireClient {
        let client = try world.connect()
        try client.begin("alice", service: "passwd", methods: [], authtok: true, stage: stage)
        return client
    }

    @Test func `passwd says the same before it asks for anything`() async throws {
        try await withWorld(world(holding: 10)) { (world) async throws in
            let text = "\(Self.sentence) Remove one, or ask the administrator."
            #expect(try change(world, .changeCheck).receive() == .verdict(.denied, text))
            #expect(try count(world) == 10)
        }
    }

    @Test func `passwd says the same at the end, where the place was taken meanwhile`() async throws {
        try await withWorld(world(holding: 9)) { (world) async throws in
            let client = try change(world, .changeUpdate)
            _ = try client.receive()
            try client.answer("yes")
            _ = try client.receive()
            try client.answer("right")
            _ = try client.receive()
            try world.enroll("alice", module: Self.app.id, device: "the administrator's")
            try client.answer("right")
            #expect(try client.receive() == .verdict(.denied, Self.sentence))
            #expect(try count(world) == 10)
        }
    }

    // MARK: Importing

    private func imported(
        _ names: [String], holding count: Int, _ whenPresent: WhenPresent, isTrial: Bool = false, most: String? = nil
    ) async throws -> (reply: AdminReply, devices: Int) {
        let setting = most.map { Setting(.text($0, isQuoted: false), line: 1, column: 1) }
        let totp = try TOTPModule(ModuleID("totp"), Settings(setting.map { ["max_devices": $0] } ?? [:]))
        var result: (AdminReply, Int)?
        try await withWorld(LoginWorld(extra: [totp])) { (world) async throws in
            for number in 0..<count { try world.enroll("alice", module: totp.id, device: "old \(number)") }
            let client = try world.administer()
            for name in names {
                let device = ImportingTests.device("alice", ImportingTests.totp, name)
                let staged = try client.ask(.stageDevices(devices: [device]), secrets: [ImportingTests.key])
                #expect(staged.refusalCode == nil)
            }
            let reply = try client.ask(
                isTrial ? .checkImport(whenPresent: whenPresent) : .commitImport(whenPresent: whenPresent))
            result = (reply, try world.store.devices(of: nil).count)
        }
        return try #require(result)
    }

    @Test(arguments: [false, true])
    func `an import with one too many stores none, and a trial says so`(isTrial: Bool) async throws {
        let (reply, devices) = try await imported(
            ["a", "b", "c"], holding: 9, .refuse, isTrial: isTrial)
        #expect(reply.refusalCode == .tooManyDevices)
        #expect(
            Self.message(reply)
                == "alice would have 12 devices with totp, and an account may have 10. Nothing was stored.")
        #expect(devices == 9)
    }

    @Test func `what an import replaces or leaves out needs no place`() async throws {
        let replaced = try await imported(["old 1", "old 2", "a"], holding: 9, .replace)
        #expect(replaced.reply == .imported(ImportedDevices(devices: 3, replaced: 2)))
        #expect(replaced.devices == 10)
        let skipped = try await imported(["old 1", "old 2"], holding: 12, .skip)
        #expect(skipped.reply.refusalCode == nil && skipped.devices == 12)
    }

    @Test func `as many are imported as the configuration says`() async throws {
        let fits = try await imported(["a", "b"], holding: 10, .refuse, most: "12")
        #expect(fits.reply.refusalCode == nil && fits.devices == 12)
        let one = try await imported(["a", "b"], holding: 0, .refuse, most: "1")
        #expect(
            Self.message(one.reply)
                == "alice would have 2 devices with totp, and an account may have 1. Nothing was stored.")
        #expect(one.devices == 0)
    }
}
