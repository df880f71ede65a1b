import AuthProviders
import Authentication
import Glibc
import Testing

@Suite("linux (case 10)") struct LinuxProviderTests {
    /// A method of libxcrypt at its least cost.
    struct Method: Sendable {
        let prefix: String
        let cost: UInt
    }

    static let methods = [
        Method(prefix: "$y$", cost: 1), Method(prefix: "$gy$", cost: 1), Method(prefix: "$6$", cost: 1000),
        Method(prefix: "$5$", cost: 1000), Method(prefix: "$2b$", cost: 4),
    ]

    /// A provider that is ready. Making one costs a hash of the system's preferred method, so tests share one
    /// among several accounts.
    private static func provider(_ entries: [String: String], failure: ShadowFailure? = nil) throws -> LinuxProvider {
        let provider = LinuxProvider(
            ProviderID("linux"), shadow: ScriptedShadow(entries: entries, failure: failure))
        try provider.initialize()
        return provider
    }

    private static func prove(
        _ provider: LinuxProvider, _ password: [UInt8], as name: String = "alice", isWaived: Bool = false
    ) throws -> Proof {
        let request = LoginRequest(
            service: "sshd", account: try account(name), evidence: Evidence(methods: ["publickey ssh-ed25519"]))
        return provider.prove(request, UserInput(Secret(copying: password.span)), users: noUsers, isWaived: isWaived)
    }

    private static func proved(_ name: String = "alice") throws -> Proof { .proved(try account(name), isWaived: false) }

    @Test(arguments: methods)
    func `verifies the hashes of passwd`(method: Method) throws {
        let passwords = ["correct horse", "ä€🔑", "a", "trailing space ", "\u{8}\n\r\u{7F}"].map { Array($0.utf8) }
        var entries: [String: String] = [:]
        for (index, password) in passwords.enumerated() {
            entries["user\(index)"] = try newHash(password, prefix: method.prefix, cost: method.cost)
        }
        let provider = try Self.provider(entries)
        for (index, password) in passwords.enumerated() {
            let name = "user\(index)"
            #expect(try Self.prove(provider, password, as: name) == Self.proved(name))
            for wrong in [password + [0x20], [0x62], password.map { $0 ^ 0x40 }] {
                #expect(try Self.prove(provider, wrong, as: name) == .rejected(.wrongPassword))
            }
        }
    }

    @Test func `verifies hashes that others have made`() throws {
        // The vectors that the authors of sha512crypt and bcrypt published.
        let provider = try Self.provider([
            "sha512": "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJu"
                + "esI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
            "bcrypt": "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        ])
        for (name, password) in [("sha512", "Hello world!"), ("bcrypt", "U*U")] {
            #expect(try Self.prove(provider, Array(password.utf8), as: name) == Self.proved(name))
            #expect(try Self.prove(provider, Array(password.utf8) + [0x21], as: name) == .rejected(.wrongPassword))
        }
    }

    @Test(arguments: methods)
    func `never verifies a hash that is locked or cut, with the right password either`(method: Method) throws {
        let password = Array("correct horse".utf8)
        let hash = try newHash(password, prefix: method.prefix, cost: method.cost)
        let fields =
            ["!", "!!", "*", "*LK*", " ", "x"].map { $0 + hash } + [hash + "!", hash + " "]
            + [1, 3, 7, 20, 29, hash.utf8.count - 1].map { String(hash.prefix($0)) }
        var entries: [String: String] = [:]
        for (index, field) in fields.enumerated() { entries["user\(index)"] = field }
        let provider = try Self.provider(entries)
        for name in entries.keys {
            #expect(try Self.prove(provider, password, as: name) == .rejected(.wrongPassword), "\(entries[name] ?? "")")
        }
    }

    @Test func `never verifies what is no hash`() throws {
        let fields = [
            "", "!", "!!", "*", "!*", "x", "*0", "*1", "NP", "$", "$$", "$6$", "$y$", "$99$a$b", "ab", "abJnggxhB/yWI",
            "plain",
        ]
        var entries: [String: String] = [:]
        for (index, field) in fields.enumerated() { entries["user\(index)"] = field }
        let provider = try Self.provider(entries)
        for (name, field) in entries {
            for password in Set(["hello", field]) where !password.isEmpty {
                #expect(try Self.prove(provider, Array(password.utf8), as: name) == .rejected(.wrongPassword))
            }
        }
    }

    @Test(arguments: ["", "_"])
    func `never verifies the DES of the seventies, with the right password either`(prefix: String) throws {
        let password = Array("correct".utf8)
        let provider = try Self.provider(["alice": try newHash(password, prefix: prefix, cost: 0)])
        #expect(try Self.prove(provider, password) == .rejected(.wrongPassword))
    }

    @Test func `asks for the account byte for byte`() throws {
        let provider = try Self.provider(["alice": try newHash([0x61], prefix: "$6$", cost: 1000)])
        #expect(try Self.prove(provider, [0x61]) == Self.proved())
        #expect(try Self.prove(provider, [0x61], as: "Alice") == .rejected(.unknownAccount))
    }

    @Test func `never passes an empty password, though its hash stands there`() throws {
        var entries = ["nothing": ""]
        for method in Self.methods {
            entries["user" + String(method.prefix.filter(\.isLetter)) + String(method.cost)] =
                try newHash([], prefix: method.prefix, cost: method.cost)
        }
        let provider = try Self.provider(entries)
        for name in entries.keys { #expect(try Self.prove(provider, [], as: name) == .rejected(.malformed)) }
    }

    @Test func `passes without a form as little as with an empty one`() throws {
        let provider = try Self.provider(["alice": ""])
        let request = LoginRequest(service: "sshd", account: try account("alice"))
        #expect(provider.prove(request, nil, users: noUsers, isWaived: true) == .rejected(.malformed))
    }

    @Test func `sees no password end at a NUL`() throws {
        let password = Array("secret".utf8)
        let provider = try Self.provider(["alice": try newHash(password, prefix: "$6$", cost: 1000)])
        for answer in [password + [0], password + [0] + Array("more".utf8), [0] + password, [0]] {
            #expect(try Self.prove(provider, answer) == .rejected(.malformed))
        }
    }

    @Test func `takes a password of 511 bytes and none of 512`() throws {
        let longest = [UInt8](repeating: 0x61, count: 511)
        let provider = try Self.provider(["alice": try newHash(longest, prefix: "$6$", cost: 1000)])
        #expect(try Self.prove(provider, longest) == Self.proved())
        #expect(try Self.prove(provider, longest + [0x61]) == .rejected(.malformed))
        #expect(try Self.prove(provider, Array(longest.dropLast())) == .rejected(.wrongPassword))
    }

    @Test func `is waived by nothing`() throws {
        let provider = try Self.provider(["alice": "!"])
        #expect(try Self.prove(provider, [0x61], isWaived: true) == .rejected(.wrongPassword))
        #expect(try Self.prove(provider, [0x61], as: "bob", isWaived: true) == .rejected(.unknownAccount))
    }

    @Test func `cannot tell when shadow cannot be read, and names the remedy`() throws {
        let proof = try Self.prove(try Self.provider([:], failure: .notReadable), [0x61])
        guard case .unavailable(let words) = proof else {
            Issue.record("it was \(proof)")
            return
        }
        #expect(words.contains("SupplementaryGroups=shadow") && words.contains("CAP_DAC_READ_SEARCH"))
    }

    @Test func `cannot tell when the name service fails`() throws {
        let proof = try Self.prove(try Self.provider([:], failure: .failed(110)), [0x61])
        #expect(proof == .unavailable("the shadow database does not answer (errno 110)"))
    }

    @Test func `cannot tell before it was initialised`() throws {
        let provider = LinuxProvider(ProviderID("linux"), shadow: ScriptedShadow())
        let request = LoginRequest(service: "sshd", account: try account("alice"))
        let input = UserInput(Secret(copying: [0x61].span))
        #expect(
            provider.prove(request, input, users: noUsers, isWaived: false)
                == .unavailable("linux has not been initialised"))
    }

    @Test func `hashes as long for an unknown, locked or empty account as for a new one`() throws {
        // Processor time, and a wide margin: what is looked for is a hash that was left out.
        let hash = try newHash(Array("correct horse".utf8), prefix: "$y$", cost: 0)
        let provider = try Self.provider(["known": hash, "locked": "!" + hash, "empty": "", "odd": "$99$a$b"])
        func cost(_ name: String, _ answer: String) throws -> Int {
            let start = Self.processorTime()
            _ = try Self.prove(provider, Array(answer.utf8), as: name)
            return Self.processorTime() - start
        }
        let known = try cost("known", "wrong")
        for name in ["known", "unknown", "locked", "empty", "odd"] {
            for answer in ["wrong", "", "nul\0", String(repeating: "a", count: 512)] {
                #expect(try cost(name, answer) > known / 4, "\(name) with '\(answer)'")
            }
        }
    }

    /// Nanoseconds of processor time that this thread has had.
    private static func processorTime() -> Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    @Test func `asks for the account's password, and speaks of the account`() {
        let provider = LinuxProvider(ProviderID("linux"))
        #expect(provider.inputSchema.fields == [InputField(name: "password", label: "Password", kind: .password)])
        #expect(provider.speaksOfAccounts && !provider.livesOnEvidence)
        #expect(provider.refusal == "That password is wrong.")
    }
}
