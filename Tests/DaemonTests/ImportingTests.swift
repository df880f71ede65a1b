import AdminProtocol
import AuthModules
import Authentication
import AuthenticationTesting
import Daemon
import Testing

/// Devices of other programs over admin.sock: all of them, or none.
@Suite struct ImportingTests {
    static let totp = ModuleReference(type: "totp")
    static let hotp = ModuleReference(type: "hotp")
    static let key = Array("12345678901234567890".utf8)

    static func world() throws -> LoginWorld {
        try LoginWorld(extra: [
            try TOTPModule(ModuleID("totp")), try HOTPModule(ModuleID("hotp")),
            ScriptedEnrollable(ModuleID("paper"), .paper),
        ])
    }

    static func device(
        _ account: String, _ module: ModuleReference = totp, _ name: String = "phone",
        _ parameters: [String: String] = [:]
    ) -> StagedDevice {
        StagedDevice(account: account, module: module, device: name, parameters: parameters)
    }

    private func stage(_ client: AdminClient, _ devices: [StagedDevice], key: [UInt8] = key) throws -> AdminReply {
        try client.ask(.stageDevices(devices: devices), secrets: devices.map { _ in key })
    }

    private func stored(_ world: LoginWorld) throws -> [String] {
        try world.store.devices(of: nil)
            .map { "\($0.key.account) \($0.key.module) \($0.key.device) \($0.device.state)" }.sorted()
    }

    @Test func `what was staged is stored at the end, with its counters and used steps`() async throws {
        try await withWorld(ImportingTests.world()) { (world) async throws in
            let client = try world.administer()
            let first = [
                ImportingTests.device("alice", ImportingTests.totp, "phone", ["used_until": "77"]),
                ImportingTests.device("alice", ImportingTests.hotp, "token", ["counter": "5", "digits": "8"]),
            ]
            #expect(try stage(client, first) == .staged(StagedCount(devices: 2)))
            #expect(try stage(client, [ImportingTests.device("bob")]) == .staged(StagedCount(devices: 3)))
            #expect(try stored(world) == [])
            #expect(
                try client.ask(.commitImport(whenPresent: .refuse))
                    == .imported(ImportedDevices(devices: 3, replaced: 0)))
            #expect(try stored(world) == ["alice hotp token 5", "alice totp phone 77", "bob totp phone -1"])
            #expect(world.journal.messages.count == 3)
            #expect(world.journal.messages.first == #"device imported user="alice" module=totp device="phone""#)
            // It is stored once.
            #expect(try client.ask(.commitImport(whenPresent: .replace)).refusalCode == .badParameter)
        }
    }

    @Test(
        arguments: [
            ("nobody", totp, "phone", [:], AdminRefusal.Kind.unknownAccount),
            ("bob", ModuleReference(type: "paper"), "paper", [:], .unknownModule),
            ("bob", ModuleReference(type: "nonsense"), "phone", [:], .unknownModule),
            ("bob", totp, "pho\nne", [:], .badParameter), ("bob", totp, "phone", ["digits": "9"], .badParameter),
            ("alice", totp, "phone", [:], .deviceExists),
        ] as [(String, ModuleReference, String, [String: String], AdminRefusal.Kind)])
    func `one device that cannot be taken, and nothing can be stored`(
        _ account: String, _ module: ModuleReference, _ name: String, _ parameters: [String: String],
        _ refusal: AdminRefusal.Kind
    ) async throws {
        try await withWorld(ImportingTests.world()) { (world) async throws in
            let client = try world.administer()
            #expect(try stage(client, [ImportingTests.device("alice")]).refusalCode == nil)
            let bad = ImportingTests.device(account, module, name, parameters)
            #expect(try stage(client, [bad]).refusalCode == refusal)
            #expect(try stage(client, [ImportingTests.device("bob")]).refusalCode == .badParameter)
            #expect(try client.ask(.commitImport(whenPresent: .replace)).refusalCode == .badParameter)
            #expect(try stored(world) == [])
        }
    }

    @Test func `devices without keys, and keys without devices, are refused`() async throws {
        try await withWorld(ImportingTests.world()) { (world) async throws in
            let client = try world.administer()
            let devices = [ImportingTests.device("alice")]
            #expect(try client.ask(.stageDevices(devices: devices), secrets: []).refusalCode == .badParameter)
            let other = try world.administer()
            #expect(try stage(other, devices, key: []).refusalCode == .badParameter)
        }
    }

    @Test func `a device that is there is replaced if that is said, and then only for the same uid`() async throws {
        try await withWorld(ImportingTests.world()) { (world) async throws in
            for (whenPresent, expected) in [(WhenPresent.refuse, AdminRefusal.Kind.deviceExists), (.replace, nil)] {
                try world.enroll("alice", module: ModuleID("totp"))
                let client = try world.administer()
                #expect(try stage(client, [ImportingTests.device("alice")]).refusalCode == nil)
                #expect(try client.ask(.commitImport(whenPresent: whenPresent)).refusalCode == expected)
            }
            try world.enroll("bob", module: ModuleID("totp"), uid: 4711)
            let client = try world.administer()
            #expect(try stage(client, [ImportingTests.device("bob", ImportingTests.hotp)]).refusalCode == nil)
            #expect(try client.ask(.commitImport(whenPresent: .replace)).refusalCode == .badParameter)
        }
    }

    // MARK: What is there already

    static let rows: [(whenPresent: WhenPresent, key: [UInt8], name: String, states: [String])] = [
        (.replace, key, "token", ["alice hotp token 7"]),
        (.replace, Array(key.reversed()), "token", ["alice hotp token 0"]),
        (.replace, key, "other", ["alice hotp other 7", "alice hotp token 7"]),
        (.refuse, key, "other", ["alice hotp other 7", "alice hotp token 7"]),
        (.skip, key, "token", ["alice hotp token 7"]), (.skip, key, "other", ["alice hotp token 7"]),
        (.skip, Array(key.reversed()), "token", ["alice hotp token 7"]),
        (.skip, Array(key.reversed()), "other", ["alice hotp other 0", "alice hotp token 7"]),
    ]

    @Test(arguments: rows.indices)
    func `a counter that was used stays used, whatever is imported again`(_ row: Int) async throws {
        let (whenPresent, key, name, states) = ImportingTests.rows[row]
        try await withWorld(ImportingTests.world()) { (world) async throws in
            let client = try world.administer()
            let used = ImportingTests.device("alice", ImportingTests.hotp, "token", ["counter": "7"])
            #expect(try stage(client, [used]).refusalCode == nil)
            #expect(try client.ask(.commitImport(whenPresent: .refuse)).refusalCode == nil)
            // The file is as old as it was.
            let again = ImportingTests.device("alice", ImportingTests.hotp, name, ["counter": "0"])
            for isTrial in [true, false] {
                let client = try world.administer()
                #expect(try stage(client, [again], key: key).refusalCode == nil)
                let skipped = states.count == 1 && whenPresent == .skip
                let expected = ImportedDevices(
                    devices: skipped ? 0 : 1, replaced: whenPresent == .replace && name == "token" ? 1 : 0,
                    skipped: skipped ? [SkippedDevice(index: 0, hasSameKey: key == ImportingTests.key)] : [])
                #expect(
                    try client.ask(
                        isTrial ? .checkImport(whenPresent: whenPresent) : .commitImport(whenPresent: whenPresent))
                        == .imported(expected))
                #expect(try stored(world) == (isTrial ? ["alice hotp token 7"] : states))
            }
        }
    }

    @Test(arguments: [
        ("30", "59844960", "59844960"), ("60", "29922480", "59844961"), ("15", "119689921", "59844960"),
        ("30", "9223372036854775807", "9223372036854775807"),
    ])
    func `a step that was used stays used, however long the steps are said to be now`(
        _ period: String, _ used: String, _ expected: String
    ) async throws {
        try await withWorld(ImportingTests.world()) { (world) async throws in
            for parameters in [["period": period, "used_until": used], [:]] {
                let client = try world.administer()
                let device = ImportingTests.device("alice", ImportingTests.totp, "phone", parameters)
                #expect(try stage(client, [device]).refusalCode == nil)
                #expect(try client.ask(.commitImport(whenPresent: .replace)).refusalCode == nil)
            }
            #expect(try stored(world) == ["alice totp phone \(expected)"])
        }
    }

    @Test func `a secret that is brought along again brings no used code back`() async throws {
        try await withWorld(ImportingTests.world()) { (world) async throws in
            for (counter, stored) in [("7", "7"), ("0", "7"), ("9", "9")] {
                let client = try world.administer()
                let request = AdminRequest.beginEnrollmentWithKey(
                    account: "alice", module: ImportingTests.hotp, device: nil, parameters: ["counter": counter],
                    issuesNothing: true)
                #expect(try client.ask(request, secrets: [ImportingTests.key]).refusalCode == nil)
                #expect(try client.ask(.storeWithoutConfirmation).refusalCode == nil)
                #expect(try self.stored(world) == ["alice hotp token \(stored)"])
            }
        }
    }

    @Test func `a trial is refused where the import would be, and stores nothing`() async throws {
        try await withWorld(ImportingTests.world()) { (world) async throws in
            try world.enroll("alice", module: ModuleID("totp"))
            let before = try stored(world)
            for (name, expected) in [("phone", AdminRefusal.Kind.deviceExists), ("other", nil)] {
                let client = try world.administer()
                #expect(
                    try stage(client, [ImportingTests.device("alice", ImportingTests.totp, name)]).refusalCode == nil)
                #expect(try client.ask(.checkImport(whenPresent: .refuse)).refusalCode == expected)
                #expect(try client.ask(.commitImport(whenPresent: .refuse)).refusalCode == .badParameter)
            }
            #expect(try stored(world) == before)
            #expect(world.journal.messages.isEmpty)
        }
    }

    @Test func `a secret is shown once more, and the journal says so`() async throws {
        try await withWorld(ImportingTests.world()) { (world) async throws in
            let client = try world.administer()
            #expect(
                try stage(client, [ImportingTests.device("alice", ImportingTests.hotp, "token", ["counter": "9"])])
                    .refusalCode == nil)
            #expect(try client.ask(.commitImport(whenPresent: .refuse)).refusalCode == nil)
            let shown = ShownDevice(
                account: "alice", module: ImportingTests.hotp, device: "token", description: "SHA1, 6 digits, counter 9"
            )
            #expect(
                try client.ask(.show(account: "alice", device: "token", module: nil, purpose: .export))
                    == .shown(shown))
            #expect(
                client.secrets == [
                    "otpauth://hotp/test:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=test&algorithm=SHA1"
                        + "&digits=6&counter=9", "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ",
                ])
            #expect(
                world.journal.messages.last
                    == #"device secret shown user="alice" module=hotp device="token" purpose=export"#)
            #expect(
                try client.ask(.show(account: "alice", device: "x", module: nil, purpose: .show)).refusalCode
                    == .unknownDevice)
            try world.enroll("bob", module: ModuleID("paper"), uid: 1002)
            #expect(
                try client.ask(.show(account: "bob", device: "phone", module: nil, purpose: .show)).refusalCode
                    == .unknownModule)
        }
    }

    @Test(arguments: [(16, nil), (15, AdminRefusal.Kind.badParameter)] as [(Int, AdminRefusal.Kind?)])
    func `a key that is brought along has 128 bits`(_ count: Int, _ refusal: AdminRefusal.Kind?) async throws {
        try await withWorld(ImportingTests.world()) { (world) async throws in
            let client = try world.administer()
            let reply = try client.ask(
                .beginEnrollmentWithKey(account: "alice", module: ImportingTests.totp, device: nil, parameters: [:]),
                secrets: [[UInt8](repeating: 0, count: count)])
            #expect(reply.refusalCode == refusal)
            if refusal == nil { #expect(client.secrets[1].hasPrefix("AAAA AAAA")) }
            let paper = try client.ask(
                .beginEnrollmentWithKey(
                    account: "alice", module: ModuleReference(type: "paper"), device: nil, parameters: [:]),
                secrets: [ImportingTests.key])
            #expect(paper.refusalCode == .badParameter)
        }
    }
}
