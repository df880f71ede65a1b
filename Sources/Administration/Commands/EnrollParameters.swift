import ArgumentParser

/// What an administrator may choose about a new device. Only what was given travels; a module refuses what it does not
/// know.
struct EnrollParameters: ParsableArguments {
    @Option(help: ArgumentHelp("SHA1, SHA256 or SHA512. Many apps know SHA1 alone.", valueName: "algorithm"))
    var algorithm: String?
    @Option(help: ArgumentHelp("How long a code is: 6 to 8.", valueName: "digits")) var digits: String?
    @Option(help: ArgumentHelp("How long a code is good, in seconds.", valueName: "seconds")) var period: String?
    @Option(help: ArgumentHelp("The counter of the first code (hotp).", valueName: "number")) var counter: String?
    @Option(help: ArgumentHelp("How many recovery codes to make.", valueName: "number")) var count: String?
    @Option(help: ArgumentHelp("Where messages go: a number, an address (notify).", valueName: "address"))
    var to: String?
    @Option(help: ArgumentHelp("How they go: command, mail or webhook (notify).", valueName: "way")) var by: String?

    /// By their names, as they were typed.
    var given: [String: String] {
        var given: [String: String] = [:]
        let all = [
            ("algorithm", algorithm), ("digits", digits), ("period", period), ("counter", counter), ("count", count),
            ("to", to), ("by", by),
        ]
        for (key, value) in all { given[key] = value }
        return given
    }
}
