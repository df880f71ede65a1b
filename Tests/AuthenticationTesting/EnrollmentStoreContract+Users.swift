internal import Authentication
internal import Testing

/// Who providers' users are, and which accounts they open.
extension EnrollmentStoreContract {
    private static let own = ProviderID("homeassistant")
    private static let other = ProviderID("homeassistant", id: "other")

    // MARK: Credentials

    static let credentials = [
        Rule("creates credentials once, and finds them again") { bench throws in
            let linux = ProviderID("linux")
            let other = ProviderID("linux", id: "other")
            let (alice, bob) = (UserKey(bench.alice, at: linux), UserKey(bench.bob, at: linux))
            let before = try bench.store.credentials(of: alice)
            #expect(before == nil)
            #expect(try bench.store.link(alice, to: bench.alice, at: bench.clock.now) == .linked)
            #expect(try bench.store.link(alice, to: bench.alice, at: bench.clock.now) == .unchanged)
            #expect(try bench.store.link(alice, to: bench.bob, at: bench.clock.now) == .opensAnother(bench.alice))
            #expect(try bench.store.link(bob, to: bench.alice, at: bench.clock.now) == .openedByAnother(bench.alice))
            let elsewhere = UserKey(bench.alice, at: other)
            #expect(try bench.store.link(elsewhere, to: bench.bob, at: bench.clock.now) == .linked)
            #expect(try bench.store.credentials(of: alice) == bench.alice)
            #expect(try bench.store.credentials(of: elsewhere) == bench.bob)
            #expect(try bench.store.credentials(of: bob) == nil)
            #expect(try bench.store.removeCredentials(of: alice) == bench.alice)
            #expect(try bench.store.removeCredentials(of: alice) == nil)
            #expect(try bench.store.credentials(of: alice) == nil)
        },
        Rule("lists credentials by provider and username") { bench throws in
            let names = try ["bob", "alice", "\u{e9}mile", "e\u{301}mile", "Alice"].map(StoreBench.account)
            var expected: [CredentialListing] = []
            for provider in [ProviderID("linux"), other, own] {
                for name in names {
                    bench.clock.advance(seconds: 1)
                    let user = UserKey(name, at: provider)
                    #expect(try bench.store.link(user, to: name, at: bench.clock.now) == .linked)
                    expected.append(CredentialListing(user: user, account: name, createdAt: bench.clock.now.wall))
                }
            }
            let order = ["Alice", "alice", "bob", "e\u{301}mile", "\u{e9}mile"]
            let places = [own, other, ProviderID("linux")].flatMap { provider in order.map { (provider, $0) } }
            let found = try bench.store.allCredentials()
            #expect(found.map(\.user.provider) == places.map(\.0))
            // Byte for byte, which Swift's own comparison of texts is not.
            #expect(found.map { Array($0.user.username.text.utf8) } == places.map { Array($0.1.utf8) })
            #expect(found.allSatisfy(expected.contains) && found.count == expected.count)
        },
        Rule("finds those that there are of some users") { bench throws in
            let names = try ["alice", "bob", "\u{e9}mile"].map(StoreBench.account)
            for (name, provider) in [(names[0], own), (names[1], own), (names[2], own), (names[0], other)] {
                let key = UserKey(name, at: provider)
                let sealed = try bench.place.sealing.seal(Secret(copying: Array(provider.type.utf8).span), at: key)
                #expect(try bench.store.add(ProviderUser(key: key, sealedHash: sealed, changedAt: 7)))
            }
            let asked = try ["\u{e9}mile", "e\u{301}mile", "carol", "alice", "alice"].map(StoreBench.account)
            let found = try bench.store.users(of: own, named: asked)
            #expect(Set(found.map(\.key)) == [UserKey(names[0], at: own), UserKey(names[2], at: own)])
            #expect(try bench.store.users(of: own, named: []).isEmpty)
            #expect(try bench.store.users(of: ProviderID("linux"), named: asked).isEmpty)
            #expect(try bench.store.users(of: ProviderID("linux", id: ""), named: asked).isEmpty)
        },
        Rule("tells which username opens an account") { bench throws in
            let database = bench.store.userDatabase
            let user = UserKey(bench.bob, at: own)
            #expect(try database.username(opening: bench.alice, at: own) == nil)
            #expect(try bench.store.link(user, to: bench.alice, at: bench.clock.now) == .linked)
            #expect(try database.username(opening: bench.alice, at: own) == bench.bob)
            #expect(try database.username(opening: bench.bob, at: own) == nil)
            #expect(try database.username(opening: StoreBench.account("Alice"), at: own) == nil)
            #expect(try database.username(opening: bench.alice, at: other) == nil)
            #expect(try database.username(opening: bench.alice, at: ProviderID("linux")) == nil)
            #expect(try bench.store.removeCredentials(of: user) == bench.alice)
            #expect(try database.username(opening: bench.alice, at: own) == nil)
        },
        Rule("lets one username of a provider open one account, and changes nothing otherwise") { bench throws in
            let carol = try StoreBench.account("carol")
            let (alice, bob) = (UserKey(bench.alice, at: own), UserKey(bench.bob, at: own))
            #expect(try bench.store.link(alice, to: bench.alice, at: bench.clock.now) == .linked)
            #expect(try bench.store.link(bob, to: carol, at: bench.clock.now) == .linked)
            let before = try bench.store.allCredentials()
            // Each of the two is linked otherwise.
            #expect(try bench.store.link(alice, to: carol, at: bench.clock.now) == .opensAnother(bench.alice))
            #expect(
                try bench.store.link(UserKey(carol, at: own), to: carol, at: bench.clock.now)
                    == .openedByAnother(bench.bob))
            bench.clock.advance(seconds: 1)
            #expect(try bench.store.link(bob, to: carol, at: bench.clock.now) == .unchanged)
            #expect(try bench.store.allCredentials() == before)
        },
    ]

    // MARK: Users

    static let users = [
        Rule("adds a user once") { bench throws in
            let user = try bench.user("alice", hash: "first")
            #expect(try bench.store.add(user))
            #expect(try !bench.store.add(bench.user("alice", hash: "second")))
            #expect(try bench.store.users(of: own) == [user])
            #expect(try bench.hash(of: user.key) == "first")
        },
        Rule("changes a user's password, and writes nothing for somebody unknown") { bench throws in
            #expect(try bench.store.add(bench.user("alice", hash: "old")))
            bench.clock.advance(seconds: 60)
            let changed = try bench.user("alice", hash: "new")
            #expect(try bench.store.change(changed))
            #expect(try bench.store.users(of: own) == [changed])
            #expect(try bench.hash(of: changed.key) == "new")
            for stranger in [try bench.user("bob", hash: "x"), try bench.user("alice", at: other, hash: "x")] {
                #expect(try !bench.store.change(stranger))
            }
            #expect(try bench.store.users(of: nil) == [changed])
        },
        Rule("removes a user and its credentials, and nobody else's") { bench throws in
            let alice = try bench.user("alice", hash: "a")
            let rest = [try bench.user("bob", hash: "b"), try bench.user("alice", at: other, hash: "c")]
            for user in rest + [alice] {
                #expect(try bench.store.add(user))
                #expect(try bench.store.link(user.key, to: user.key.username, at: bench.clock.now) == .linked)
            }
            #expect(try bench.store.removeUser(alice.key))
            #expect(try !bench.store.removeUser(alice.key))
            #expect(try bench.store.users(of: nil) == rest)
            #expect(try bench.store.allCredentials().map(\.user) == rest.map(\.key))
            #expect(try bench.store.credentials(of: alice.key) == nil)
            #expect(try bench.hash(of: alice.key) == nil)
            #expect(try bench.store.userDatabase.username(opening: bench.alice, at: own) == nil)
        },
        Rule("lists users by provider and username, and those of one provider alone") { bench throws in
            let names = ["Alice", "alice", "bob", "e\u{301}mile", "\u{e9}mile", "\u{1F511} key"]
            let users = try [own, other, ProviderID("legacy_api_password")].flatMap { provider in
                try names.map { try bench.user($0, at: provider, hash: "\(provider) \($0)") }
            }
            for user in users.reversed() { #expect(try bench.store.add(user)) }
            #expect(try bench.store.users(of: nil) == users)
            #expect(try bench.store.users(of: own) == Array(users.prefix(names.count)))
            #expect(try bench.store.users(of: other) == Array(users.dropFirst(names.count).prefix(names.count)))
            #expect(try bench.store.users(of: ProviderID("homeassistant", id: "none")).isEmpty)
        },
        Rule("opens the hash of that user alone") { bench throws in
            let user = try bench.user("\u{e9}mile", hash: "$y$hash")
            #expect(try bench.store.add(user))
            #expect(try bench.hash(of: user.key) == "$y$hash")
            for name in ["e\u{301}mile", "\u{c9}mile", "\u{e9}mil", "\u{e9}mile2"] {
                #expect(try bench.hash(of: UserKey(StoreBench.account(name), at: own)) == nil)
            }
            for provider in [other, ProviderID("legacy_api_password"), ProviderID("homeassistan")] {
                #expect(try bench.hash(of: UserKey(user.key.username, at: provider)) == nil)
            }
        },
        Rule("opens no hash that was sealed for another user") { bench throws in
            let alice = try bench.user("alice", hash: "a")
            let bob = ProviderUser(
                key: UserKey(bench.bob, at: own), sealedHash: alice.sealedHash, changedAt: alice.changedAt)
            #expect(try bench.store.add(bob))
            #expect(throws: StoreFailure.self) { try bench.hash(of: bob.key) }
        },
        Rule("takes an empty id of a provider for none of those without") { bench throws in
            let nameless = ProviderID("homeassistant", id: "")
            let user = try bench.user("alice", hash: "a")
            #expect(try bench.store.add(user))
            #expect(try bench.store.link(user.key, to: bench.alice, at: bench.clock.now) == .linked)
            let stranger = try bench.user("alice", at: nameless, hash: "x")
            #expect(throws: StoreFailure.self) { try bench.store.add(stranger) }
            #expect(throws: StoreFailure.self) {
                try bench.store.link(stranger.key, to: bench.bob, at: bench.clock.now)
            }
            #expect(try !bench.store.change(stranger))
            #expect(try !bench.store.removeUser(stranger.key))
            #expect(try bench.store.removeCredentials(of: stranger.key) == nil)
            #expect(try bench.store.credentials(of: stranger.key) == nil)
            #expect(try bench.store.users(of: nameless).isEmpty)
            #expect(try bench.hash(of: stranger.key) == nil)
            #expect(try bench.store.userDatabase.username(opening: bench.alice, at: nameless) == nil)
            #expect(try bench.store.users(of: nil) == [user])
            #expect(try bench.store.credentials(of: user.key) == bench.alice)
        },
    ]
}
