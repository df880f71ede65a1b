import AdminProtocol
import ArgumentParser

/// Taken by every kind of import.
struct ImportOptions: ParsableArguments {
    @Option(help: ArgumentHelp("What the devices are called, where the file does not say.", valueName: "name"))
    var name: String?
    @Option(help: ArgumentHelp("The module for codes made of the time.", valueName: "module")) var totp = "totp"
    @Option(help: ArgumentHelp("The module for codes made of a counter.", valueName: "module")) var hotp = "hotp"
    @Flag(name: .customLong("skip-present"), help: "Leave out the devices that are there already.")
    var skipsPresent = false
    @Flag(help: "Replace devices of the same names; what was used of the same secret stays used.") var replace = false
    @Flag(name: .customLong("dry-run"), help: "Have twostepd check everything, and store nothing.") var isTrial = false
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    /// What becomes of a device that is there already.
    func whenPresent() throws(CommandFailure) -> WhenPresent {
        switch (skipsPresent, replace) {
        case (true, true):
            throw CommandFailure(
                .usage, code: .usage, "A device that is there is left out or replaced: --skip-present or --replace.")
        case (true, false): .skip
        case (false, true): .replace
        case (false, false): .refuse
        }
    }
}
