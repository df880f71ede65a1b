import AdminProtocol
import ArgumentParser

/// Taken by every kind of import.
struct ImportOptions: ParsableArguments {
    @Option(help: ArgumentHelp("What the devices are called, where the file does not say.", valueName: "name"))
    var name: String?
    @Option(help: ArgumentHelp("The module for codes made of the time.", valueName: "module")) var totp = "totp"
    @Option(help: ArgumentHelp("The module for codes made of a counter.", valueName: "module")) var hotp = "hotp"
    @Flag(help: "Replace devices of the same names.") var replace = false
    @Flag(name: .customLong("dry-run"), help: "Have twostepd check everything, and store nothing.") var isTrial = false
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions
}
