import AuthModules
import Authentication

/// Files of other programs: a device has the secret that stands in the file and no other, and what was read of it can be
/// written as an otpauth URI and read again.
enum ImportedFile {
    private static let now: Int64 = 1_795_348_800

    static func runGoogleAuthenticator(_ text: [UInt8]) throws(Violation) {
        try judge(text) { text throws(ImportFailure) in
            [try GoogleAuthenticatorFile.read(text.span, named: "f", account: "alice", now: now)]
        } holds: { text, _, key in
            SecretsInText.googleAuthenticator(text) == key
        }
    }

    static func runUsersOATH(_ text: [UInt8]) throws(Violation) {
        try judge(text) { text throws(ImportFailure) in
            try OATHUsersFile.read(text.span, named: "f", now: now)
        } holds: { text, line, key in
            SecretsInText.usersOATH(text, line: line) == key
        }
    }

    static func runOTPAuth(_ text: [UInt8]) throws(Violation) {
        try judge(text) { text throws(ImportFailure) in
            try OTPAuthList.read(text.span, named: "f")
        } holds: { text, line, key in
            SecretsInText.otpauth(text, line: line).contains(key)
        }
    }

    static func runMigration(_ text: [UInt8]) throws(Violation) {
        try judge(text) { text throws(ImportFailure) in
            try MigrationExport.read(text.span, named: "f")
        } holds: { text, line, key in
            SecretsInText.migration(text, line: line).contains { contains($0, key) }
        }
    }

    static func runCSV(_ text: [UInt8]) throws(Violation) {
        try runBatch(text) { text, _, key in SecretsInText.csv(text).contains(key) }
    }

    static func runJSON(_ text: [UInt8]) throws(Violation) {
        // Behind escapes a secret does not stand in the text as it is.
        let isPlain = !text.contains(UInt8(ascii: "\\"))
        try runBatch(text) { text, _, key in !isPlain || SecretsInText.json(text).contains(key) }
    }

    static func runPAMU2F(_ text: [UInt8]) throws(Violation) {
        let party = "pam://host.example"
        let devices: [ForeignDevice]
        do throws(ImportFailure) {
            devices = try PAMU2FFile.read(text.span, named: "f", relyingParty: party)
        } catch {
            let lines = text.count { $0 == 0x0A } + 1
            try promise(error.line <= lines && !error.explanation.isEmpty, "refused at line \(error.line) of \(lines)")
            return
        }
        try promise(devices.count <= text.count, "\(devices.count) keys of \(text.count) bytes")
        for device in devices {
            let payload = device.key.withBytes { $0.array }
            let credential = FIDO2Credential(payload: payload.span)
            try promise(credential.map { $0.payload.withBytes { $0.array } } == payload, "it is no credential")
            try promise(device.kind == .fido2 && device.account?.isEmpty == false, "it is nobody's key")
        }
    }

    private static func runBatch(
        _ text: [UInt8], holds: ([UInt8], Int, [UInt8]) -> Bool
    ) throws(Violation) {
        try judge(text) { text throws(ImportFailure) in
            try BatchFile.read(text.span, named: "f")
        } holds: {
            holds($0, $1, $2)
        }
    }

    private static func judge(
        _ text: [UInt8], _ read: ([UInt8]) throws(ImportFailure) -> [ForeignDevice],
        holds: (_ text: [UInt8], _ line: Int, _ key: [UInt8]) -> Bool
    ) throws(Violation) {
        let devices: [ForeignDevice]
        do throws(ImportFailure) {
            devices = try read(text)
        } catch {
            let lines = text.count { $0 == 0x0A } + 1
            try promise(error.line <= lines, "line \(error.line) of \(lines)")
            try promise(!error.explanation.isEmpty, "refused for no reason")
            return
        }
        try promise(devices.count <= text.count, "\(devices.count) devices of \(text.count) bytes")
        for device in devices {
            let key = device.key.withBytes { $0.array }
            try promise(holds(text, device.line, key), "the secret \(key) does not stand in line \(device.line)")
            try roundTrip(device, key)
        }
    }

    private static func roundTrip(_ device: ForeignDevice, _ key: [UInt8]) throws(Violation) {
        let uri = try uri(of: device)
        let again: [ForeignDevice]
        do throws(ImportFailure) {
            again = try OTPAuthList.read(uri.span, named: "f")
        } catch {
            throw Violation("its own URI is refused: \(error)")
        }
        try promise(again.count == 1, "its URI has \(again.count) devices")
        guard let read = again.first else { return }
        try promise(read.key.withBytes { $0.array } == key, "its URI has another secret")
        try promise(read.kind == device.kind, "its URI is of another kind")
        let parameters = device.parameters.filter { $0.key != "used_until" }
        try promise(read.parameters == parameters, "its URI says \(read.parameters), not \(parameters)")
        try promise(read.account == "alice", "its URI is for \(read.account ?? "nobody")")
    }

    /// What the module would show of a device that it has adopted.
    private static func uri(of device: ForeignDevice) throws(Violation) -> [UInt8] {
        guard let account = AccountName("alice") else { throw Violation("alice is no name") }
        let request = SetupRequest(
            account: account, device: "phone", issuer: "Zürich & Co", parameters: device.parameters)
        do {
            let module: any KeyHoldingModule =
                switch device.kind {
                case .totp: try TOTPModule(ModuleID("totp"))
                case .hotp: try HOTPModule(ModuleID("hotp"))
                case .fido2: throw Violation("a file of codes has a security key")
                }
            let setup = try module.adopt(request, key: device.key, minimumBits: 0)
            return setup.uri.withBytes { $0.array }
        } catch {
            throw Violation("read, and not to be adopted: \(error)")
        }
    }
}
