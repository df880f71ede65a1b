import AdminProtocol

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
        granted: 12, refused: 3, uptime: 11_530, isClockSane: true)

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
}
