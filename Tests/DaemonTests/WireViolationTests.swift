import AuthenticationTesting
import Daemon
import Testing
import Wire

/// What is no frame, or comes out of turn: the connection ends, nobody gets in, and the next login works.
@Suite struct WireViolationTests {
    /// Bytes that a peer may send instead of a `begin`.
    struct Garbage: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let bytes: [UInt8]
    }

    static let garbage = [
        Garbage(testDescription: "length 0", bytes: [0, 0, 0, 0, 1, 1]),
        Garbage(testDescription: "length 1", bytes: [0, 0, 0, 1, 1, 1]),
        Garbage(testDescription: "length 4093", bytes: [0, 0, 0x0F, 0xFD, 1, 1]),
        Garbage(testDescription: "length 2^31 - 1", bytes: [0x7F, 0xFF, 0xFF, 0xFF, 1, 1]),
        Garbage(testDescription: "length 2^32 - 1", bytes: [0xFF, 0xFF, 0xFF, 0xFF, 1, 1]),
        Garbage(testDescription: "an unknown kind", bytes: [0, 0, 0, 2, 1, 0x7F]),
        Garbage(testDescription: "a verdict", bytes: [0, 0, 0, 8, 1, 0x83, 0x5A, 0xC3, 0x9E, 0x17, 0, 0]),
        Garbage(testDescription: "an answer before anything was asked", bytes: [0, 0, 0, 3, 1, 2, 0x31]),
        Garbage(testDescription: "an empty begin", bytes: [0, 0, 0, 2, 1, 1]),
        Garbage(testDescription: "text", bytes: Array("GET / HTTP/1.1\r\n\r\n".utf8)),
    ]

    @Test(arguments: garbage) func `closes on what is no begin, and serves the next`(_ garbage: Garbage) async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            let stranger = try world.connect()
            try stranger.send(raw: garbage.bytes)
            #expect(try stranger.receive() == .closed)
            try succeed(in: world)
        }
    }

    private func succeed(in world: LoginWorld) throws {
        let client = try world.connect()
        try client.begin("alice")
        _ = try client.receive()
        try client.answer("right 1")
        #expect(try client.verdict() == .verdict(.granted, ""))
    }

    @Test func `a second begin ends the login`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.begin("bob")
            switch try client.verdict() {
            case .verdict(let code, _): #expect(code == .denied)
            case .closed, .prompt, .set: break
            }
            try succeed(in: world)
        }
    }

    @Test func `two answers to one prompt are one too many`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.send(
                raw: [0, 0, 0, 9, 1, 2] + Array("wrong 1".utf8) + [0, 0, 0, 9, 1, 2] + Array("right 1".utf8))
            switch try client.verdict() {
            case .verdict(let code, _): #expect(code != .granted)
            case .closed, .prompt, .set: break
            }
        }
    }

    @Test func `a frame that comes byte by byte is a frame`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            for byte: UInt8 in [0, 0, 0, 9, 1, 2] + Array("right 1".utf8) { try client.send(raw: [byte]) }
            #expect(try client.verdict() == .verdict(.granted, ""))
        }
    }

    @Test func `a half-close abandons the login, and what was sent is charged`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer("wrong 1")
            client.halfClose()
            _ = try client.verdict()
            try succeed(in: world)
        }
    }

    @Test func `versions: the highest common one is taken, none in common is unavailable and both are named`()
        async throws
    {
        try await withWorld(LoginWorld()) { world in
            let newer = try world.connect()
            try newer.begin("alice", versions: 1...2)
            guard case .prompt = try newer.receive() else {
                Issue.record("a module that also speaks version 1 was not served")
                return
            }
            let tooNew = try world.connect()
            try tooNew.begin("alice", versions: 3...4)
            guard case .verdict(.unavailable, _) = try tooNew.receive() else {
                Issue.record("a module of another age was not unavailable")
                return
            }
            #expect(world.journal.messages.contains { $0.contains("versions 3 to 4") && $0.contains("1 to 1") })
        }
    }

    @Test func `a connection that says nothing is closed when its time is up`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            let silent = try world.connect()
            // Accepted in their order: when this login is over, the silent one has been seen.
            try succeed(in: world)
            world.clock.advance(seconds: 11)
            try await world.server.sweep()
            #expect(try silent.receive() == .closed)
        }
    }

    @Test func `a cancelled conversation is a failed one, and leaves no session`() async throws {
        try await withWorld(LoginWorld(capacity: 1)) { world in
            try world.enroll("alice")
            for _ in 1...3 {
                let client = try world.connect()
                try client.begin("alice")
                guard case .prompt = try client.receive() else {
                    Issue.record("the session of a cancelled login is still open")
                    return
                }
                try client.say(.cancel)
                #expect(try client.receive() == .verdict(.conversationFailed, ""))
            }
        }
    }
}
