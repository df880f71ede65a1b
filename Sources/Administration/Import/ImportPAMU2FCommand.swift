import AdminProtocol
import ArgumentParser
import AuthModules
import Authentication
import Daemon

/// `twostep import pam_u2f`: the mappings of pam_u2f.
struct ImportPAMU2FCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "pam_u2f", abstract: "Import a file of mappings that pamu2fcfg(1) has written.",
        discussion: """
            Keys sign for what they were made for and for nothing else: the relying_party of the module must be the origin \
            that pam_u2f had. Example: twostep import pam_u2f /etc/u2f_mappings
            """)

    @Argument(help: "The file: pam_u2f's authfile.") var file: String
    @Option(
        help: ArgumentHelp(
            "What the keys were made for: pam_u2f's origin; else pam:// and the host's name.", valueName: "origin"))
    var origin: String?
    @Option(help: ArgumentHelp("The module for security keys.", valueName: "module")) var module = "fido2"
    @OptionGroup var options: ImportOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let reference = try ModuleReference(argument: module)
        let party = origin ?? "pam://\(HostName.own)"
        return try DeviceImport(of: file, options) { (text) throws(ImportFailure) in
            try PAMU2FFile.read(text, named: file, relyingParty: party, module: reference.module)
        }.perform(in: world)
    }
}
