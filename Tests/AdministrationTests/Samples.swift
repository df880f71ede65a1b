import AdminProtocol
import Authentication

/// What daemons say in these tests.
enum Samples {
    static let totp = ModuleReference(type: "totp")
    /// Noon of 2026-11-22 in UTC: the same day nearly everywhere.
    static let noon: Int64 = 1_795_348_800

    static let begun = EnrollmentBegun(
        account: "alice", module: totp, device: "phone", description: "SHA1, 6 digits, 30 s", replaces: false)
    static let done = EnrollmentDone(account: "alice", module: totp, device: "phone", replaced: false)
    static let uri = "otpauth://totp/host:alice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=host"
    static let key = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    /// As modules make it, for people.
    static let groupedKey = "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP"

    static let listing = Listing(
        devices: [
            EnrolledDevice(
                account: "alice", module: totp, device: "phone", description: "SHA1, 6 digits, 30 s",
                createdAt: noon, lastUsedAt: nil),
            EnrolledDevice(
                account: "bob", module: ModuleReference(type: "totp", id: "work"), device: "key", description: nil,
                createdAt: noon, lastUsedAt: nil, problem: "the account's uid has changed"),
        ],
        counters: [
            AccountFailures(
                account: "alice", module: totp, failures: 6, lastFailureAt: nil, standing: .delayed,
                delaySeconds: 25),
            AccountFailures(account: "bob", module: totp, failures: 50, lastFailureAt: nil, standing: .locked),
        ])

    static let status = ServiceStatus(
        version: "0.1.0", isServing: true, problems: [],
        configuration: LoadedConfiguration(path: "/etc/twostep/config.yaml", generation: 2, loadedAt: nil),
        store: StoreStatus(path: "/var/lib/twostep/store", schema: 1, problem: nil),
        sockets: ["/run/twostep/login.sock", "/run/twostep/admin.sock"], openSessions: 1, accounts: 2, devices: 3,
        granted: 12, refused: 3, uptime: 11_530, isClockSane: true,
        clockProblems: ["It is not synchronised."])

    static let broken = ServiceStatus(
        version: "0.1.0", isServing: false, problems: ["/etc/twostep/config.yaml:3: found 'totq', expected a module"],
        configuration: LoadedConfiguration(path: "/etc/twostep/config.yaml", generation: 0, loadedAt: nil),
        store: StoreStatus(path: "/var/lib/twostep/store", schema: nil, problem: "The store cannot be read."),
        sockets: [], openSessions: 0, accounts: nil, devices: nil, granted: 0, refused: 9, uptime: 5,
        isClockSane: false)

    static func diagnosis(
        offset: Int64, secondsPerUnit: Int64 = 30, isAcceptable: Bool = true, isSpent: Bool = false
    ) -> CodeDiagnosis {
        CodeDiagnosis(
            account: "alice",
            match: CodeDiagnosis.Match(
                module: totp, device: "phone", offset: offset, secondsPerUnit: secondsPerUnit,
                isAcceptable: isAcceptable, isSpent: isSpent))
    }

    static let homeassistant = ProviderReference(type: "homeassistant")
    static let home = ProviderReference(type: "homeassistant", id: "home")
    static let legacy = ProviderReference(type: "legacy_api_password")

    static let zoe = KeptUser(
        provider: home, username: "zoë", changedAt: noon, account: "alice", createsCredentials: false)
    /// A name that no user has.
    static let nobody = KeptUser(
        provider: home, username: "zoë", changedAt: nil, account: nil, createsCredentials: false)

    static let credentials = LinkedCredentials(provider: home, username: "zoë", account: "alice", createdAt: noon)

    static let place = UserPlace(type: "homeassistant", id: "home", username: "zoë")
    static let laterPlace = UserPlace(type: "homeassistant", id: "home", username: "zu")

    static func link(
        isUnchanged: Bool = false, isPrivileged: Bool? = false, lacksUser: Bool = false
    ) -> CredentialsLink {
        CredentialsLink(
            provider: home, username: "zoë", account: "alice", isUnchanged: isUnchanged, isPrivileged: isPrivileged,
            lacksUser: lacksUser)
    }

    static let session = WaitingSession(
        id: "3f9a0000000000000000000000000001", account: "alice", provider: ProviderReference(type: "pam"),
        modules: [totp, ModuleReference(type: "recovery_code")], service: "sshd", remoteHost: "192.0.2.7", peer: 0,
        secondsLeft: 287, triesLeft: 3)

    static let block = BlockedAccount(account: "alice", reason: "phone stolen", since: noon)

    static func adoption(isDone: Bool, former: [UInt32] = [1001], devices: Int = 2) -> Adoption {
        Adoption(account: "alice", uid: 1005, former: former, devices: devices, isDone: isDone)
    }

    static let grant = RememberedLogin(
        id: 3, account: "alice", service: "sudo", terminal: "pts/3", leader: 4711,
        steps: [[totp, recovery], [ModuleReference(type: "pin")]], secondsLeft: 61)

    static let login = SupposedLogin(
        service: "sudo", account: "alice", remoteHost: "192.0.2.7", terminal: "/dev/pts/3",
        ssh: ["publickey ssh-ed25519"], hasAuthtok: true, caller: 1001, provider: home, moment: noon)

    /// A login that would be remembered, of somebody with every trouble there is.
    static let explanation: Explanation = {
        var explanation = Explanation(service: "sudo", account: "alice", caller: .root)
        explanation.evidence = ["a password taken by a line above"]
        explanation.rules = [
            Explanation.Rule(line: 9, mismatch: "service"), Explanation.Rule(line: 12, mismatch: nil),
        ]
        explanation.terms = Explanation.Terms(
            rule: 12, isExempt: false, isFirstFactorWaived: false, unenrolled: "skip", rememberSeconds: 900, tries: 1,
            sessionSeconds: 300)
        explanation.uid = 1005
        explanation.formerUIDs = [1001]
        explanation.block = block
        explanation.failures = 6
        explanation.standing = .delayed
        explanation.delaySeconds = 25
        explanation.bypass = "until 2026-11-25 15:00 UTC: phone lost"
        explanation.grant = grant
        explanation.ways = [
            Explanation.Way(
                provider: home, isChosen: true, asksFirst: true,
                owed: [
                    [
                        Explanation.Held(module: totp, devices: 1, standing: .damaged),
                        Explanation.Held(module: recovery, devices: 1),
                    ],
                    [Explanation.Held(module: ModuleReference(type: "insecure_example"), devices: nil)],
                ], asked: 1, answered: [recovery],
                ending: Explanation.Ending(
                    result: "denied", reason: "delayed", code: "PAM_MAXTRIES", delaySeconds: 25)),
            Explanation.Way(
                provider: ProviderReference(type: "linux"), isChosen: true, asksFirst: false, owed: [], asked: 0,
                ending: Explanation.Ending(result: "exempt", reason: "exempt", code: "PAM_IGNORE")),
        ]
        return explanation
    }()

    /// A login that ends before anything is asked.
    static let end: Explanation = {
        var explanation = Explanation(service: "sshd", account: "alice", caller: .user)
        explanation.ending = Explanation.Ending(result: "denied", reason: "not_permitted", code: "PAM_AUTH_ERR")
        return explanation
    }()

    static let withoutEvidence: Explanation = {
        var explanation = end
        explanation.ending = Explanation.Ending(result: "denied", reason: "no_evidence", code: "PAM_AUTH_ERR")
        return explanation
    }()

    static let pinBegun = EnrollmentBegun(
        account: "alice", module: ModuleReference(type: "pin"), device: "pin", description: "", replaces: false,
        form: [FormField(label: "New PIN", isHidden: true), FormField(label: "The same again", isHidden: true)])
    static let codesBegun = EnrollmentBegun(
        account: "alice", module: recovery, device: "codes", description: "2 of 2 left", replaces: false, form: [])
    static let recovery = ModuleReference(type: "recovery_code")
    static let codes = "ABCD-EFGH\nJKLM-NPQR"
    static let doneWithCodes = EnrollmentDone(
        account: "alice", module: totp, device: "phone", replaced: false, description: "SHA1, 6 digits, 30 s",
        issued: IssuedDevice(module: recovery, device: "codes"))
}
