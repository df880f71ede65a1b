import Authentication
import Testing

extension EnrollmentStoreContract {
    /// Accounts page by page, for lists and reports.
    static let paging = [
        Rule("gives everybody of whom there is anything once, by the bytes of their names") { bench in
            let names = ["Zoe", "a", "aa", "ab", "alice", "b", "bob", "zoé", "ärger"]
            for (index, name) in names.enumerated() {
                let account = try StoreBench.account(name)
                switch index % 4 {
                case 0:
                    try bench.enrol(account)
                    try bench.enrol(account, device: "tablet")
                case 1: try bench.answer("wrong", by: account)
                case 2: try bench.store.note([AccountActivity(account: account, unenrolledAt: 5000)])
                default: _ = try bench.store.block(AccountBlock(account: account, reason: "left", since: 7000))
                }
            }
            let whole = try bench.store.page(after: nil, atMost: 100)
            #expect(whole.accounts.map(\.text) == names)
            #expect(whole.next == nil)
            #expect(whole.devices.count == 6)
            #expect(whole.counters.map(\.account.text).sorted() == ["a", "b"])
            #expect(whole.activities.map(\.account.text) == ["aa", "bob"])
            #expect(whole.blocks.map(\.account.text) == ["ab", "zoé"])
            for limit in 1...(names.count + 1) {
                var found: [String] = []
                var devices = 0
                var after: String?
                repeat {
                    let page = try bench.store.page(after: after, atMost: limit)
                    #expect(page.accounts.count <= limit)
                    #expect(page.next == nil || page.next == page.accounts.last?.text)
                    found += page.accounts.map(\.text)
                    devices += page.devices.count
                    after = page.next
                } while after != nil && found.count <= names.count
                #expect(found == names, "\(limit) at a time")
                #expect(devices == 6, "\(limit) at a time")
            }
        },
        Rule("begins after a name whether or not anybody has it") { bench in
            try bench.enrol(bench.alice)
            try bench.enrol(bench.bob)
            #expect(try bench.store.page(after: "alicf", atMost: 5).accounts == [bench.bob])
            #expect(try bench.store.page(after: "bob", atMost: 5).accounts.isEmpty)
        },
        Rule("gives all credentials once, page by page, by provider and username") { bench in
            for user in try users(bench).reversed() {
                #expect(try bench.store.link(user, to: user.username, at: bench.clock.now) == .linked)
            }
            let all = try bench.store.allCredentials()
            #expect(all.count == 18)
            for limit in 1...(all.count + 1) {
                let found = try pages { try bench.store.credentials(after: $0, atMost: limit) }
                #expect(found.flatMap(\.self) == all, "\(limit) at a time")
                #expect(found.dropLast().allSatisfy { $0.count == limit }, "\(limit) at a time")
            }
        },
        Rule("gives all users once, page by page, with the accounts that they open") { bench in
            var accounts: [UserKey: AccountName] = [:]
            for (index, user) in try users(bench).reversed().enumerated() {
                #expect(
                    try bench.store.add(bench.user(user.username.text, at: user.provider, hash: "\(user.provider)")))
                guard index % 3 > 0 else { continue }
                let account = try StoreBench.account("account\(index)")
                accounts[user] = account
                #expect(try bench.store.link(user, to: account, at: bench.clock.now) == .linked)
            }
            // Whose credentials are nobody's user, and lie in between.
            let stranger = UserKey(bench.bob, at: ProviderID("linux"))
            #expect(try bench.store.link(stranger, to: bench.bob, at: bench.clock.now) == .linked)
            for provider in [nil, ProviderID("homeassistant"), ProviderID("homeassistant", id: "other")] {
                let all = try bench.store.users(of: provider).map { ListedUser(user: $0, account: accounts[$0.key]) }
                #expect(all.count == (provider == nil ? 18 : 6))
                for limit in [1, 2, 5, 6, 7, 17, 18, 19] {
                    let found = try pages { try bench.store.users(of: provider, after: $0, atMost: limit) }
                    #expect(found.flatMap(\.self) == all, "\(limit) at a time")
                    #expect(found.dropLast().allSatisfy { $0.count == limit }, "\(limit) at a time")
                }
            }
            for provider in [ProviderID("homeassistant", id: ""), ProviderID("linux")] {
                #expect(try bench.store.users(of: provider, after: .beginning, atMost: 5).listed.isEmpty)
            }
        },
        Rule("begins after a place among users whether or not anybody is there") { bench in
            for user in try users(bench) {
                #expect(try bench.store.add(bench.user(user.username.text, at: user.provider, hash: "x")))
                #expect(try bench.store.link(user, to: user.username, at: bench.clock.now) == .linked)
            }
            let place = UserPlace(type: "homeassistant", id: "other", username: "alicf")
            let bob = UserKey(bench.bob, at: ProviderID("homeassistant", id: "other"))
            #expect(try bench.store.users(of: nil, after: place, atMost: 1).listed.map(\.user.key) == [bob])
            #expect(try bench.store.credentials(after: place, atMost: 1).listed.map(\.user) == [bob])
            let end = UserPlace(type: "legacy_api_password", id: "\u{10FFFF}", username: "")
            #expect(try bench.store.users(of: nil, after: end, atMost: 1) == UserPage([], next: nil))
            #expect(try bench.store.credentials(after: end, atMost: 1) == UserPage([], next: nil))
        },
    ]

    /// Six users at each of three providers, in their order.
    private static func users(_ bench: StoreBench) throws -> [UserKey] {
        let providers = [
            ProviderID("homeassistant"), ProviderID("homeassistant", id: "other"), ProviderID("legacy_api_password"),
        ]
        let names = ["Alice", "alice", "bob", "e\u{301}mile", "\u{e9}mile", "\u{1F511} key"]
        return try providers.flatMap { provider in
            try names.map { UserKey(try StoreBench.account($0), at: provider) }
        }
    }

    /// What all pages have, each by itself.
    private static func pages<Listed>(_ page: (UserPlace) throws -> UserPage<Listed>) throws -> [[Listed]] {
        var found: [[Listed]] = []
        var place: UserPlace? = .beginning
        while let after = place, found.count < 100 {
            let next = try page(after)
            found.append(next.listed)
            place = next.next
        }
        return found
    }
}
