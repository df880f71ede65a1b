import Authentication
import AuthenticationTesting
import Daemon
import Synchronization
import Testing
import Wire

/// Modules for people who sit at the machine, and for those who do not.
@Suite struct PresenceTests {
    private static let code = ShapedModule("code", label: "Code", shape: .digits(6...8), right: "123456")

    private static var key: ShapedModule {
        var module = ShapedModule("key", label: "Key", right: "open sesame")
        module.needsPresence = true
        return module
    }

    private func world(_ modules: [ShapedModule], isSeated: Bool) throws -> LoginWorld {
        let step = try #require(Step(anyOf: modules.map(\.id)))
        let world = try LoginWorld(chain: [step], extra: modules)
        world.processes.seated.withLock { $0 = isSeated }
        for module in modules { try world.enroll("alice", module: module.id) }
        return world
    }

    @Test func `are asked for at the machine`() async throws {
        try await withWorld(world([Self.key], isSeated: true)) { world in
            let client = try world.connect()
            try client.begin("alice", service: "sudo", remoteHost: "")
            #expect(try client.receive() == .prompt(.secret, "Key: "))
            try client.answer("open sesame")
            #expect(try client.verdict() == .verdict(.granted, ""))
        }
    }

    @Test(
        arguments: [("sudo", "", false), ("sshd", "", true), ("login", "192.0.2.1", true)] as [(String, String, Bool)])
    func `are asked for nowhere else, and nobody is let off them`(
        _ service: String, _ host: String, _ isSeated: Bool
    ) async throws {
        try await withWorld(world([Self.key], isSeated: isSeated)) { world in
            let client = try world.connect()
            try client.begin("alice", service: service, remoteHost: host)
            let said = "Login is not possible here: it takes a security key at the machine itself."
            #expect(try client.verdict() == .verdict(.unavailable, said))
            #expect(world.journal.messages.last?.contains("login unavailable reason=not_local") == true)
        }
    }

    @Test func `leave a step to the others where they cannot be asked for`() async throws {
        try await withWorld(world([Self.key, Self.code], isSeated: false)) { world in
            let client = try world.connect()
            try client.begin("alice", service: "sudo", remoteHost: "")
            #expect(try client.receive() == .prompt(.secret, "Code: "))
            // An answer of the one that is left out is none.
            try client.answer("open sesame")
            #expect(try client.verdict() == .verdict(.denied, "Code: no."))
        }
        try await withWorld(world([Self.key, Self.code], isSeated: true)) { world in
            let client = try world.connect()
            try client.begin("alice", service: "sudo", remoteHost: "")
            #expect(
                try client.receive() == .prompt(.visible, "What do you want to use?\n  1  key\n  2  code\nNumber: "))
        }
    }

    @Test func `say what is to be done while somebody else is asked`() async throws {
        let module = ConsultedModule(announcement: "Touch it.") { .accepted(Testimony.Approval($0.account)) }
        try await withWorld(try LoginWorld(chain: [Step(module.id)], extra: [module])) { world in
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer("right")
            #expect(try client.receive() == .prompt(.info, "Touch it."))
            #expect(try client.verdict() == .verdict(.granted, ""))
        }
    }
}
