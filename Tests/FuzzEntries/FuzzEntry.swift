/// A place where bytes come in from outside, and what is promised of whatever they are.
///
/// FuzzTests feeds it a corpus and some thousand changes of it in every run of the tests; libFuzzer, built by `make fuzz`,
/// feeds it for hours.
public struct FuzzEntry: Sendable, CustomStringConvertible {
    /// The name of its corpus below Tests/Fuzz/Corpora.
    public let name: String
    /// How many changed inputs the tests feed it.
    public let boundedRuns: Int
    /// Feeds it; throws where a promise is broken. A trap is a broken promise as well.
    public let run: @Sendable ([UInt8]) throws(Violation) -> Void

    public var description: String { name }

    /// Every one of them.
    public static let all: [FuzzEntry] = [
        FuzzEntry(name: "module", boundedRuns: 2000, run: ModuleConversation.run),
        FuzzEntry(name: "frames-of-module", boundedRuns: 4000, run: FramesOfModule.run),
        FuzzEntry(name: "frames-of-daemon", boundedRuns: 4000, run: FramesOfDaemon.run),
        FuzzEntry(name: "frames-of-relay", boundedRuns: 4000, run: FramesOfRelay.run),
        FuzzEntry(name: "configuration", boundedRuns: 2000, run: ConfigurationDocument.run),
        FuzzEntry(name: "google-authenticator", boundedRuns: 2000, run: ImportedFile.runGoogleAuthenticator),
        FuzzEntry(name: "users-oath", boundedRuns: 2000, run: ImportedFile.runUsersOATH),
        FuzzEntry(name: "otpauth", boundedRuns: 2000, run: ImportedFile.runOTPAuth),
        FuzzEntry(name: "otpauth-migration", boundedRuns: 2000, run: ImportedFile.runMigration),
        FuzzEntry(name: "csv", boundedRuns: 2000, run: ImportedFile.runCSV),
        FuzzEntry(name: "json", boundedRuns: 2000, run: ImportedFile.runJSON),
        FuzzEntry(name: "base32", boundedRuns: 4000, run: Base32Text.run),
        FuzzEntry(name: "admin-request", boundedRuns: 2000, run: AdminMessage.runRequest),
        FuzzEntry(name: "own-request", boundedRuns: 2000, run: AdminMessage.runOwnRequest),
        FuzzEntry(name: "reply", boundedRuns: 2000, run: AdminMessage.runReply),
        FuzzEntry(name: "admin-frame", boundedRuns: 4000, run: AdminMessage.runFrame),
        FuzzEntry(name: "pam-u2f", boundedRuns: 2000, run: ImportedFile.runPAMU2F),
        FuzzEntry(name: "security-key", boundedRuns: 2000, run: SecurityKeyMessage.run),
        FuzzEntry(name: "pam-stack", boundedRuns: 500, run: PAMFiles.run),
        FuzzEntry(name: "sshd-config", boundedRuns: 500, run: SSHDFiles.run),
        FuzzEntry(name: "ssh-key", boundedRuns: 2000, run: SSHKeyLines.run),
    ]
}
