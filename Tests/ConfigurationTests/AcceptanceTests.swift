import Authentication
import Configuration
import Testing

@Suite struct AcceptanceTests {
    @Test func `every default is what the design says`() throws {
        let configuration = try Fakes.configuration("auth_providers: [{type: pam, modules: totp}]\n")
        #expect(
            configuration.policy
                == Policy(
                    chains: [
                        ProviderChain(
                            provider: ProviderID("pam"), livesOnEvidence: true, steps: [Step(ModuleID("totp"))])
                    ], rules: [], sessionLifetime: 300_000))
        #expect(configuration.throttle.freeFailures == 5)
        #expect(configuration.throttle.firstDelay == 30)
        #expect(configuration.throttle.longestDelay == 3600)
        #expect(configuration.throttle.lockAt == 50)
        #expect(configuration.sessions.lifetime == 300)
        #expect(configuration.sessions.capacity == 20_000)
        #expect(configuration.sessions.reserve == 2000)
        #expect(configuration.store.kind == .sqlite)
        #expect(configuration.callers.isEmpty)
        #expect(configuration.issuer == "host.example")
        #expect(!configuration.notices.lastLogin)
        #expect(configuration.selfService == nil)
        #expect(configuration.names.isEmpty)
        #expect(configuration.warnings.isEmpty)
        #expect(configuration.generation == 0)
        #expect(Array(configuration.providers.keys) == [ProviderID("pam")])
        #expect(Array(configuration.modules.keys) == [ModuleID("totp")])
    }

    @Test(arguments: [
        ("{}", SelfServiceSettings(mayEnroll: false, mayRemove: false)),
        ("{enroll: true}", SelfServiceSettings(mayEnroll: true, mayRemove: false)),
        ("{enroll: false, remove: true}", SelfServiceSettings(mayEnroll: false, mayRemove: true)),
    ]) func `users may do what the configuration names, and no more`(_ text: String, _ settings: SelfServiceSettings)
        throws
    {
        let configuration = try Fakes.configuration(
            "auth_providers: [{type: pam, modules: totp}]\nself_service: \(text)\n")
        #expect(configuration.selfService == settings)
    }

    @Test func `a rule changes nothing that it does not name`() throws {
        let configuration = try Fakes.configuration(
            "auth_providers: [{type: pam, modules: totp}]\npolicy: [{match: {service: sudo}}]\n")
        #expect(configuration.policy.rules == [Rule(services: ["sudo"], line: 2)])
    }

    @Test func `everything that can be said is read`() throws {
        let configuration = try Fakes.configuration(
            """
            # All of it.
            auth_providers:
              - type: pam
                modules:
                  - any_of: [totp, recovery_code]
              - type: linux
                id: staff
                name: "Staff, Zürich"
                group: wheel
                modules:
                  - type: totp
                    id: work
                    digits: 8
                    window: 0
                  - totp
            policy:
              - match: {service: [sudo, cron], user: ann}
                exempt: true
              - match: {service: swaylock}
                tries: 1
                remember: 900s
                modules: {any_of: ["totp:work", totp]}
              - match: {user: [bob, "Ann"]}
                provider: linux:staff
                unenrolled: deny
                exempt: false
              - match: {}
                first_factor: none
            throttle: {free: 0, first_delay: 1, longest_delay: 86400, lock_at: 100}
            sessions: {lifetime: 30, capacity: 100}
            store: {type: sqlite}
            callers:
              mysql: {services: mysql, groups: [dbusers, dba]}
              112: {services: [openvpn], groups: [vpn]}
            issuer: Example

            """)
        let totp = ModuleID("totp")
        let work = ModuleID("totp", id: "work")
        let choice = try #require(Step(anyOf: [totp, ModuleID("recovery_code")]))
        let either = try #require(Step(anyOf: [work, totp]))
        let staff = ProviderID("linux", id: "staff")
        let ann = try #require(AccountName("ann"))
        let capitalAnn = try #require(AccountName("Ann"))
        let bob = try #require(AccountName("bob"))
        #expect(
            configuration.policy.chains == [
                ProviderChain(provider: ProviderID("pam"), livesOnEvidence: true, steps: [choice]),
                ProviderChain(provider: staff, livesOnEvidence: false, steps: [Step(work), Step(totp)]),
            ])
        #expect(
            configuration.policy.rules == [
                Rule(services: ["sudo", "cron"], accounts: [ann], isExempt: true, line: 17),
                Rule(Match(services: ["swaylock"]), steps: [either], rememberFor: 900_000, tries: 1, line: 19),
                Rule(accounts: [bob, capitalAnn], provider: staff, line: 23),
                Rule(isFirstFactorWaived: true, line: 27),
            ])
        #expect(configuration.policy.rules.first?.match.services.contains("sudo-i") == true)
        #expect(configuration.policy.sessionLifetime == 30_000)
        #expect(configuration.throttle.freeFailures == 0)
        #expect(configuration.throttle.lockAt == 100)
        #expect(configuration.sessions.reserve == 10)
        #expect(
            configuration.callers == [
                "mysql": CallerRule(services: ["mysql"], groups: ["dbusers", "dba"]),
                "112": CallerRule(services: ["openvpn"], groups: ["vpn"]),
            ])
        #expect(configuration.issuer == "Example")
        #expect(configuration.names == [staff: "Staff, Zürich"])
        #expect((configuration.modules[work] as? FakeModule)?.settings == ["8", "0"])
        #expect((configuration.modules[totp] as? FakeModule)?.settings == ["6", "1"])
        #expect(
            configuration.warnings.map(\.description) == [
                "config.yaml:28:19: first_factor: none lets logins of this rule in without a first factor"
            ])
    }

    @Test func `a rule that asks for password and code in one answer is read`() throws {
        let configuration = try Fakes.configuration(
            """
            auth_providers:
              - type: linux
                modules: totp
            policy:
              - match: {service: vsftpd}
                conversation: single
              - match: {service: sshd}
                conversation: single
                code_digits: 8
              - match: {}

            """)
        #expect(configuration.policy.rules.map(\.single?.codeDigits) == [6, 8, nil])
    }

    @Test func `a rule that counts security keys is read`() throws {
        let configuration = try Fakes.configuration(
            """
            auth_providers:
              - type: pam
                modules: totp
            policy:
              - match: {service: sshd, user: ann}
                ssh_key: second_factor
              - match: {service: sshd}

            """)
        #expect(configuration.policy.rules.map(\.countsSecurityKey) == [true, false])
        #expect(configuration.warnings.isEmpty)
    }

    @Test func `the old design's form is read, its empty key and trailing spaces included`() throws {
        let configuration = try Fakes.configuration(
            """
            # configuration.xml
            homeassistant:
              auth_providers:
                - type: linux
                  modules:
                    - type: totp
                - type: pam
                  modules:
                    - type: pins
                      users: [{'username': 'homeassistant', 'pin': '007'}]
                    - type: totp
            auth:\("        ")

            """)
        #expect(configuration.policy.chains.map(\.provider) == [ProviderID("linux"), ProviderID("pam")])
        #expect(configuration.policy.chains.last?.steps == [Step(ModuleID("pins")), Step(ModuleID("totp"))])
        #expect((configuration.modules[ModuleID("pins")] as? FakeModule)?.settings == ["007"])
    }

    @Test(arguments: [
        ("1970-01-01", 86_400), ("2000-02-29", 951_868_800), ("2027-01-31", 1_801_440_000),
        ("2028-02-29", 1_835_481_600), ("2027-12-31", 1_830_297_600), ("2100-02-28", 4_107_542_400),
    ]) func `a roll-out lasts to the end of its last day, in UTC`(_ day: String, _ end: Int64) throws {
        let configuration = try Fakes.configuration(
            """
            auth_providers: [{type: pam, modules: totp}]
            policy: [{match: {service: sshd}, unenrolled: enroll, enroll_until: \(day)}]

            """)
        let rule = try #require(configuration.policy.rules.first)
        #expect(rule.unenrolled == .enroll)
        #expect(rule.enrollUntil == end)
        #expect(configuration.warnings.isEmpty)
    }

    @Test func `ids that join to the same text are two modules`() throws {
        let types = ["a", "a_b"].map { name in
            ModuleType(name: name, keys: []) { (id, _) throws(SettingFailure) in FakeModule(id: id, settings: []) }
        }
        let reader = ConfigurationReader(modules: types, providers: Fakes.providers)
        let text = "auth_providers: [{type: pam, modules: [{type: a, id: b_c}, {type: a_b, id: c}]}]\n"
        let configuration = try reader.read(Array(text.utf8), file: "f").get()
        #expect(configuration.modules.count == 2)
        #expect(configuration.policy.chains.first?.steps.count == 2)
    }

    @Test(arguments: ["\u{FEFF}", "---\n", "%YAML 1.1\n---\n", "# comment\r\n", "\n\n"])
    func `harmless beginnings change nothing`(_ beginning: String) throws {
        let configuration = try Fakes.configuration(beginning + "auth_providers: [{type: pam, modules: totp}]\r\n")
        #expect(configuration.policy.chains.count == 1)
    }

    @Test func `warns of what lets people in more easily than it seems`() throws {
        func warnings(_ text: String) throws -> [String] {
            try Fakes.configuration(text).warnings.map(\.description)
        }
        #expect(
            try warnings("auth_providers: [{type: pam}]\n") == [
                "config.yaml:1:18: the provider pam without modules: whoever has a first factor is let in"
            ])
        #expect(
            try warnings("auth_providers: [{type: linux}, {type: broken, modules: totp}]\n") == [
                "config.yaml:1:17: providers to choose from that owe different modules: a stranger takes the weakest, "
                    + "expected the same modules, or rules that name a provider"
            ])
        #expect(
            try warnings("auth_providers: [{type: pam, modules: totp}]\npolicy: [{match: {}}, {match: {user: ann}}]\n")
                == ["config.yaml:2:23: a rule that is never reached: the one in line 2 matches every login"])
    }

    @Test func `reads how a database is reached as libpq would, and warns of one that anybody could pretend to be`()
        throws
    {
        func read(_ connection: String) throws -> Configuration {
            try Fakes.configuration(
                "auth_providers: [{type: pam, modules: totp}]\nstore:\n  type: postgresql\n  connection: \(connection)\n"
                    + "  password_file: /etc/twostep/database.password\n")
        }
        let sure = try read("host=a,b port = 5432 dbname=twostep user='two step\\'s' sslmode=verify-full")
        #expect(sure.store.kind == .postgresql && sure.warnings.isEmpty)
        #expect(sure.store.passwordFile == "/etc/twostep/database.password")
        #expect(
            sure.store.connection.map { "\($0.name): \($0.value)" } == [
                "host: a,b", "port: 5432", "dbname: twostep", "user: two step's", "sslmode: verify-full",
            ])
        for local in ["host=/run/postgresql", "host=localhost", "host=127.0.0.1"] {
            #expect(try read("\(local) dbname=t user=t").warnings.isEmpty)
        }
        for (words, mode) in [("", "prefer"), (" sslmode=require", "require"), (" sslmode=verify-ca", "verify-ca")] {
            #expect(
                try read("host=/run,a dbname=t user=t\(words)").warnings.map(\.description) == [
                    "config.yaml:4:15: a database over the network with sslmode \(mode), expected sslmode=verify-full: "
                        + "whoever stands between could grant every login"
                ])
        }
    }

    @Test func `reads for how long a copy stands in for a database, and takes a target as a command line names it`()
        throws
    {
        let text =
            "auth_providers: [{type: pam, modules: totp}]\nstore:\n  type: postgresql\n"
            + "  connection: host=/run dbname=t user=t\n"
        #expect(try Fakes.configuration(text).store.offlineFor == nil)
        #expect(try Fakes.configuration(text + "  offline: deny\n").store.offlineFor == nil)
        #expect(try Fakes.configuration(text + "  offline: cached\n  offline_for: 24h\n").store.offlineFor == 86_400)
        let target = try StoreSettings.read(
            target: "postgresql:host=/run dbname=t user='two \\' step'", passwordFile: "/etc/it's"
        ).get()
        #expect(target.kind == .postgresql && target.passwordFile == "/etc/it's")
        #expect(target.connection.map { "\($0.name): \($0.value)" } == ["host: /run", "dbname: t", "user: two ' step"])
        #expect(try StoreSettings.read(target: "sqlite", passwordFile: nil).get() == StoreSettings())
        for wrong in [
            "", "postgres", "sqlite:x", "postgresql:", "postgresql:host=a\nx: y", "postgresql:host=/run password=x",
        ] {
            #expect(throws: Problems.self) { _ = try StoreSettings.read(target: wrong, passwordFile: nil).get() }
        }
        #expect(throws: Problems.self) { _ = try StoreSettings.read(target: "sqlite", passwordFile: "/x").get() }
    }

    @Test func `warns of a roll-out without an end`() throws {
        let text = "auth_providers: [{type: pam, modules: totp}]\npolicy: [{match: {}, unenrolled: enroll}]\n"
        #expect(
            try Fakes.configuration(text).warnings.map(\.description) == [
                "config.yaml:2:34: unenrolled: enroll lets whoever has a first factor alone set up the second, expected "
                    + "enroll_until with the last day of the roll-out, or ticket: required"
            ])
        let guarded = try Fakes.configuration(text.replacing("enroll}", with: "enroll, ticket: required}"))
        #expect(guarded.warnings.isEmpty)
        #expect(guarded.policy.rules.first?.needsTicket == true)
    }

    @Test func `a failed preparation is a problem with its place`() throws {
        let configuration = try Fakes.configuration(
            "auth_providers:\n  - type: pam\n    modules: [totp, broken]\n  - type: broken\n    modules: totp\n"
        )
        #expect(
            configuration.prepare().map(\.description) == [
                "config.yaml:3:21: the module broken cannot work: it is broken",
                "config.yaml:4:5: the provider broken cannot work: it is broken too",
            ])
        #expect(try Fakes.configuration("auth_providers: [{type: pam, modules: totp}]\n").prepare().isEmpty)
    }
}
