import AdminProtocol
import ArgumentParser
import AuthModules
import Authentication

/// `twostep import`: devices that other programs have, with what was used of them.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take over the devices of other programs: all of a file, or none.",
        discussion: """
            The codes that worked before work after, and used ones do not. What could not be carried over is said for \
            each. Example: twostep import oath /etc/users.oath
            """,
        subcommands: [
            ImportGoogleAuthenticatorCommand.self, ImportOATHCommand.self, ImportOTPAuthCommand.self,
            ImportMigrationCommand.self, ImportBatchCommand.self, ImportPAMU2FCommand.self,
        ])
}

/// `twostep import oath`: pam_oath's file.
struct ImportOATHCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "oath", abstract: "Import a users.oath of pam_oath.",
        discussion: "Example: twostep import oath /etc/users.oath")

    @Argument(help: "The file.") var file: String
    @OptionGroup var options: ImportOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        try DeviceImport(of: file, options) { (text) throws(ImportFailure) in
            try OATHUsersFile.read(text, named: file, now: world.now())
        }.perform(in: world)
    }
}

/// `twostep import otpauth`: a list of URIs.
struct ImportOTPAuthCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "otpauth", abstract: "Import a file of otpauth:// URIs, one a line.",
        discussion: "Example: twostep import otpauth --user alice keys.txt")

    @Argument(help: "The file.") var file: String
    @OptionGroup var labels: LabelOptions
    @OptionGroup var options: ImportOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        try DeviceImport(of: file, labels: labels, options) { (text) throws(ImportFailure) in
            try OTPAuthList.read(text, named: file)
        }.perform(in: world)
    }
}

/// `twostep import migration`: what a phone exports.
struct ImportMigrationCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "migration", abstract: "Import the otpauth-migration:// URIs that a phone exports, one a line.",
        discussion: """
            An app has the secrets of other services, too. See what there is with --dry-run, and choose with --issuer or \
            --only. Example: zbarimg --quiet --raw export.png > export.txt; twostep import migration --user alice \
            --only 'Example:alice' export.txt
            """)

    @Argument(help: "The file.") var file: String
    @OptionGroup var labels: LabelOptions
    @OptionGroup var options: ImportOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        try DeviceImport(of: file, labels: labels, options) { (text) throws(ImportFailure) in
            try MigrationExport.read(text, named: file)
        }.perform(in: world)
    }
}

/// `twostep import batch`: a table of many people.
struct ImportBatchCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "batch", abstract: "Import the devices of many people from CSV or JSON.",
        discussion: """
            CSV has a header with user and secret (base32), and any of module, name, algorithm, digits, period and \
            counter; JSON is a list of objects with these members. Example: twostep import batch people.csv
            """)

    @Argument(help: "The file.") var file: String
    @OptionGroup var options: ImportOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        try DeviceImport(of: file, options) { (text) throws(ImportFailure) in
            try BatchFile.read(text, named: file)
        }.perform(in: world)
    }
}
