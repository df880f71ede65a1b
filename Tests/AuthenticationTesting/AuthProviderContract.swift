package import Authentication
import Testing

/// What every provider that asks for a password must do, wherever it looks for it. Each one's tests run all the rules:
///
///     @Test(arguments: AuthProviderContract.rules)
///     func `keeps the contract`(rule: AuthProviderContract.Rule) throws { try rule.check(subject) }
package enum AuthProviderContract {
    /// One rule, named by what holds.
    package struct Rule: Sendable, CustomTestStringConvertible {
        package let name: String
        package let check: @Sendable (Subject) throws -> Void

        init(_ name: String, _ check: @escaping @Sendable (Subject) throws -> Void) {
            self.name = name
            self.check = check
        }

        package var testDescription: String { name }
    }

    /// A provider, with what it takes to ask things of it.
    package struct Subject: Sendable {
        /// Makes the provider, before it is initialised.
        package let make: @Sendable () -> any AuthProvider
        package let users: any UserDatabase
        /// Whose login the right password passes.
        package let account: AccountName
        /// What it proves.
        package let username: AccountName
        package let password: [UInt8]
        /// Accounts that the right password does not pass, known or not.
        package let others: [AccountName]
        /// How many hashes its providers have made so far.
        package let hashes: @Sendable () -> Int
        /// The provider where what it looks at does not answer, and the users then; nil for one that looks at nothing.
        package let outage: @Sendable () -> (provider: any AuthProvider, users: any UserDatabase)?

        package init(
            users: any UserDatabase, account: AccountName, username: AccountName, password: [UInt8],
            others: [AccountName], hashes: @escaping @Sendable () -> Int,
            outage: @escaping @Sendable () -> (provider: any AuthProvider, users: any UserDatabase)?,
            make: @escaping @Sendable () -> any AuthProvider
        ) {
            self.make = make
            self.users = users
            self.account = account
            self.username = username
            self.password = password
            self.others = others
            self.hashes = hashes
            self.outage = outage
        }

        /// The provider, ready.
        fileprivate func ready() throws -> any AuthProvider {
            let provider = make()
            try provider.initialize()
            return provider
        }

        fileprivate func prove(
            _ provider: any AuthProvider, _ password: [UInt8], as account: AccountName? = nil, isWaived: Bool = false
        ) -> Proof {
            // All the evidence there is: a password is not made up for by it.
            let request = LoginRequest(
                service: "sshd", account: account ?? self.account,
                evidence: Evidence(methods: ["publickey ssh-ed25519"], hasAuthtok: true, isAccountItself: true))
            return provider.prove(
                request, UserInput(Secret(copying: password.span)), users: users, isWaived: isWaived)
        }

        /// Answers that are wrong, and none of them malformed.
        fileprivate var wrong: [[UInt8]] {
            [
                password + [0x20], [0x20] + password, password + password, password.map { $0 ^ 0x01 },
                Array(password.dropLast()) + [0x7E], [0x21], [0xFF], Array("\u{8}\n\r\u{7F}INCORRECT".utf8),
                [UInt8](repeating: 0x61, count: 511),
            ]
        }

        /// Answers that no password can be.
        fileprivate var malformed: [[UInt8]] {
            [
                [], [0], password + [0], [0] + password, password + [0] + password,
                [UInt8](repeating: 0x61, count: 512), password + [UInt8](repeating: 0x61, count: 512),
                [UInt8](repeating: 0, count: 511), [UInt8](repeating: 0xFF, count: 4096),
            ]
        }
    }

    package static let rules: [Rule] = [
        Rule("asks for one thing, without showing it") { subject in
            let provider = try subject.ready()
            #expect(provider.inputSchema.fields.count == 1 && !provider.livesOnEvidence)
            let kind = provider.inputSchema.fields.first?.kind
            #expect(kind == .password || kind == .secret, "it is \(String(describing: kind))")
        },
        Rule("has one sentence for whatever was wrong") { subject in
            let provider = try subject.ready()
            let before = provider.refusal
            #expect(!before.isEmpty && !before.contains("\n"), "the refusal is no line of text")
            for answer in subject.wrong + subject.malformed + [subject.password] {
                for account in [subject.account] + subject.others {
                    _ = subject.prove(provider, answer, as: account)
                    #expect(provider.refusal == before, "the refusal has changed")
                }
            }
        },
        Rule("proves its own name with the right password, as often as one likes") { subject in
            let provider = try subject.ready()
            for _ in 0..<3 {
                #expect(subject.prove(provider, subject.password) == .proved(subject.username, isWaived: false))
            }
        },
        Rule("refuses a wrong password, and takes the right one after it") { subject in
            let provider = try subject.ready()
            for answer in subject.wrong {
                #expect(subject.prove(provider, answer) == .rejected(.wrongPassword), "\(answer)")
            }
            #expect(subject.prove(provider, subject.password) == .proved(subject.username, isWaived: false))
        },
        Rule("finds malformed what is empty, too long or has a NUL, whoever it is") { subject in
            let provider = try subject.ready()
            for account in [subject.account] + subject.others {
                for answer in subject.malformed {
                    #expect(subject.prove(provider, answer, as: account) == .rejected(.malformed), "\(answer)")
                }
            }
        },
        Rule("finds no form, and one without fields, like an empty one") { subject in
            let provider = try subject.ready()
            let request = LoginRequest(service: "sshd", account: subject.account)
            let form = UserInput(Secret(count: 0) { _ in }, ends: [])
            let none = try #require(form)
            for input in [nil, none] {
                let proof = provider.prove(request, input, users: subject.users, isWaived: true)
                #expect(proof == .rejected(.malformed))
            }
        },
        Rule("proves nothing of other accounts with the right password") { subject in
            let provider = try subject.ready()
            for other in subject.others {
                for answer in [subject.password] + subject.wrong {
                    guard case .rejected(let reason) = subject.prove(provider, answer, as: other) else {
                        Issue.record("\(other) was not refused")
                        continue
                    }
                    #expect(reason == .wrongPassword || reason == .unknownAccount, "\(other) was refused: \(reason)")
                }
            }
        },
        Rule("makes one hash, whatever the name and whatever the answer") { subject in
            let provider = try subject.ready()
            for account in [subject.account] + subject.others {
                for answer in [subject.password] + subject.wrong + subject.malformed {
                    let before = subject.hashes()
                    _ = subject.prove(provider, answer, as: account)
                    #expect(subject.hashes() == before + 1, "\(account) with \(answer)")
                }
            }
        },
        Rule("is waived by nothing") { subject in
            let provider = try subject.ready()
            #expect(
                subject.prove(provider, subject.password, isWaived: true)
                    == .proved(subject.username, isWaived: false))
            for account in [subject.account] + subject.others {
                for answer in subject.wrong + subject.malformed {
                    guard case .rejected = subject.prove(provider, answer, as: account, isWaived: true) else {
                        Issue.record("\(account) was waived with \(answer)")
                        continue
                    }
                }
            }
        },
        Rule("survives any bytes, and proves nothing by them") { subject in
            let provider = try subject.ready()
            // Fixed, so that a failure can be looked at again: splitmix64.
            var seed: UInt64 = 20_261_122
            func draw() -> UInt64 {
                seed &+= 0x9e37_79b9_7f4a_7c15
                var z = seed
                z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
                z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
                return z ^ z >> 31
            }
            let bytes = (UInt8.min...UInt8.max).map { [$0] }
            let texts = (0..<64).map { _ in (0..<Int(draw() % 600)).map { _ in UInt8(truncatingIfNeeded: draw()) } }
            for answer in bytes + texts where answer != subject.password {
                guard case .rejected = subject.prove(provider, answer) else {
                    Issue.record("it was not refused: \(answer)")
                    continue
                }
            }
        },
        Rule("cannot tell before it was initialised") { subject in
            let provider = subject.make()
            for answer in [subject.password, []] + subject.wrong {
                guard case .unavailable(let words) = subject.prove(provider, answer) else {
                    Issue.record("it judged before it was ready")
                    continue
                }
                #expect(words.contains("initialised"), "\(words)")
            }
        },
        Rule("cannot tell while what it looks at does not answer, whatever the name and the answer") { subject in
            guard let outage = subject.outage() else { return }
            try outage.provider.initialize()
            for account in [subject.account] + subject.others {
                for answer in [subject.password] + subject.wrong + subject.malformed {
                    let proof = outage.provider.prove(
                        LoginRequest(service: "sshd", account: account), UserInput(Secret(copying: answer.span)),
                        users: outage.users, isWaived: true)
                    guard case .unavailable(let words) = proof else {
                        Issue.record("\(account) with \(answer) was \(proof)")
                        continue
                    }
                    #expect(!words.isEmpty && !words.contains("\n"))
                }
            }
        },
    ]
}
