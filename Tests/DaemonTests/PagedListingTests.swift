import AdminProtocol
import Authentication
import AuthenticationTesting
import Configuration
import Daemon
import Testing

/// Users, credentials, hosts and logins of which there are more than one message can hold.
@Suite struct PagedListingTests {
    /// More than one message can hold.
    private static let many = 10_500
    private static let keeper = ScriptedKeeper(ProviderID("keeper"))

    private static func addUsers(to world: borrowing LoginWorld, _ count: Int) throws -> [String] {
        let names = (0..<count).map { "user\(100_000 + $0)" }
        for (index, name) in names.enumerated() {
            let key = UserKey(try #require(AccountName(name)), at: keeper.id)
            #expect(try world.store.add(ProviderUser(key: key, sealedHash: [1], changedAt: Int64(index))))
            guard index % 2 == 0 else { continue }
            _ = try world.store.link(key, to: key.username, at: world.clock.now)
        }
        return names
    }

    @Test func `users are listed page by page, each once with the account that opens`() async throws {
        try await withWorld(LoginWorld(chain: [], providers: [PagedListingTests.keeper])) { (world) async throws in
            let names = try PagedListingTests.addUsers(to: world, 600)
            let admin = try world.administer()
            for provider in [nil, ProviderReference(PagedListingTests.keeper.id)] {
                var found: [KeptUser] = []
                var place: UserPlace? = .beginning
                while let after = place, found.count <= names.count {
                    guard case .users(let page) = try admin.ask(.users(provider: provider, after: after)) else {
                        Issue.record("nobody was listed")
                        return
                    }
                    #expect(page.users.count <= 250)
                    found += page.users
                    place = page.next
                }
                #expect(found.map(\.username) == names)
                #expect(found.map(\.changedAt) == names.indices.map { Int64($0) })
                #expect(found.enumerated().allSatisfy { $1.account == ($0 % 2 == 0 ? names[$0] : nil) })
            }
        }
    }

    @Test func `credentials are listed page by page, each once`() async throws {
        try await withWorld(LoginWorld()) { (world) async throws in
            let names = try PagedListingTests.addUsers(to: world, 1200)
            let admin = try world.administer()
            var found: [String] = []
            var place: UserPlace? = .beginning
            while let after = place, found.count <= names.count {
                guard case .credentials(let page) = try admin.ask(.credentials(after: after)) else {
                    Issue.record("nothing was listed")
                    return
                }
                #expect(page.credentials.count <= 250)
                found += page.credentials.map(\.account)
                place = page.next
            }
            #expect(found == names.indices.filter { $0 % 2 == 0 }.map { names[$0] })
        }
    }

    static let unpaged: [AdminRequest] = [
        .users(provider: nil), .users(provider: ProviderReference(keeper.id)), .credentials(), .list(account: nil),
        .hosts(),
    ]

    @Test(arguments: unpaged)
    func `whoever knows no pages gets all that there is, or is told that it is too much`(
        _ request: AdminRequest
    ) async throws {
        try await withWorld(LoginWorld(chain: [], providers: [PagedListingTests.keeper])) { (world) async throws in
            world.follow { $0.hub = HubSettings(name: "hub1", listen: []) }
            let admin = try world.administer()
            func add(_ range: Range<Int>) throws {
                for number in range {
                    let name = "user\(100_000 + number)"
                    let key = UserKey(try #require(AccountName(name)), at: PagedListingTests.keeper.id)
                    switch request {
                    case .users: _ = try world.store.add(ProviderUser(key: key, sealedHash: [1], changedAt: 0))
                    case .credentials: _ = try world.store.link(key, to: key.username, at: world.clock.now)
                    case .hosts: try PagedListingTests.addHost(number, to: world)
                    default: try world.enroll(name)
                    }
                }
            }
            try add(0..<600)
            let count =
                switch try admin.ask(request) {
                case .users(let all): all.next == nil ? all.users.count : 0
                case .credentials(let all): all.next == nil ? all.credentials.count : 0
                case .listing(let all): all.next == nil ? all.devices.count : 0
                case .hosts(let all): all.next == nil ? all.hosts.count : 0
                default: 0
                }
            #expect(count == 600)
            try add(600..<PagedListingTests.many)
            let refusal = try admin.ask(request)
            #expect(refusal.refusalText.hasPrefix("The answer is too long to be sent."))
            #expect(refusal.refusalText.contains("same version"))
        }
    }

    private static func addHost(
        _ number: Int, to world: borrowing LoginWorld, users: [String] = ["*"]
    ) throws {
        // As `twostep host add` writes it.
        let serial = String(0xA000_0000 + number * 7919 % 100_003, radix: 16)
        let key = UserKey(try #require(AccountName(serial)), at: .hosts)
        let users = users.map { "\"\($0)\"" }.joined(separator: ",")
        let row = Array(
            """
            {"name":"web\(100_000 + number)","serial":"\(serial)","issuedAt":1,"until":2,"services":["sshd"],"users":[\(users)]}
            """.utf8)
        let sealed = try world.store.sealing.seal(Secret(copying: row.span), at: key)
        #expect(try world.store.add(ProviderUser(key: key, sealedHash: sealed, changedAt: 1)))
        guard number % 3 == 0 else { return }
        let sight = UserKey(key.username, at: .sightings)
        #expect(try world.store.add(ProviderUser(key: sight, sealedHash: [1], changedAt: Int64(number))))
    }

    /// What all pages of hosts have, each by itself.
    private func hostPages(_ world: borrowing LoginWorld) throws -> [[RegisteredHost]] {
        let admin = try world.administer()
        var pages: [[RegisteredHost]] = []
        var serial: String? = ""
        while let after = serial, pages.count < 1000 {
            guard case .hosts(let page) = try admin.ask(.hosts(after: after)) else {
                Issue.record("no host was listed")
                break
            }
            pages.append(page.hosts)
            serial = page.next
        }
        return pages
    }

    @Test func `hosts are listed page by page, each once, and when they were seen`() async throws {
        try await withWorld(LoginWorld()) { (world) async throws in
            world.follow { $0.hub = HubSettings(name: "hub1", listen: []) }
            for number in 0..<600 { try PagedListingTests.addHost(number, to: world) }
            // Of hosts that were forgotten.
            for number in 0..<600 {
                let serial = try #require(AccountName("\(number % 2 == 0 ? "0" : "f")\(number)"))
                let sight = UserKey(serial, at: .sightings)
                #expect(try world.store.add(ProviderUser(key: sight, sealedHash: [1], changedAt: 5)))
            }
            let pages = try hostPages(world)
            #expect(pages.count == 3)
            let found = pages.flatMap(\.self).sorted { $0.name < $1.name }
            #expect(found.map(\.name) == (0..<600).map { "web\(100_000 + $0)" })
            #expect(found.enumerated().allSatisfy { $1.seenAt == ($0 % 3 == 0 ? Int64($0) : nil) })
        }
    }

    @Test func `hosts that may ask about many have smaller pages`() async throws {
        try await withWorld(LoginWorld()) { (world) async throws in
            world.follow { $0.hub = HubSettings(name: "hub1", listen: []) }
            let users = (0..<190).map { number in
                String(repeating: "\\\\", count: 252) + "\(100 + number)"
            }
            for number in 0..<30 { try PagedListingTests.addHost(number, to: world, users: users) }
            let pages = try hostPages(world)
            #expect(pages.count == 6)
            #expect(Set(pages.flatMap(\.self).map(\.name)).count == 30)
            #expect(pages.flatMap(\.self).allSatisfy { $0.users.count == 190 })
        }
    }

    @Test func `logins that wait are listed page by page, each once`() async throws {
        try await withWorld(LoginWorld(mostConnections: 200)) { (world) async throws in
            try world.enroll("alice")
            var logins: [WireClient] = []
            for _ in 0..<130 {
                let login = try world.connect()
                try login.begin("alice")
                guard case .prompt = try login.receive() else { throw WorldFailure("nothing was asked") }
                logins.append(login)
            }
            let admin = try world.administer()
            var found: [String] = []
            var pages = 0
            var id: String? = ""
            while let after = id, pages < 5 {
                guard case .sessions(let page) = try admin.ask(.sessions(after: after)) else {
                    Issue.record("nothing was listed")
                    return
                }
                found += page.sessions.map(\.id)
                pages += 1
                id = page.next
            }
            #expect(pages == 2)
            #expect(found == found.sorted() && Set(found).count == logins.count)
            guard case .sessions(let all) = try admin.ask(.sessions()) else {
                Issue.record("nothing was listed")
                return
            }
            #expect(Set(all.sessions.map(\.id)) == Set(found) && all.next == nil)
            for wrong in ["00ff", "g" + String(repeating: "0", count: 31), String(repeating: "0", count: 33)] {
                #expect(try admin.ask(.sessions(after: wrong)).refusalCode == .badParameter)
            }
        }
    }
}
