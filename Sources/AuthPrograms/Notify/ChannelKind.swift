/// The ways on which messages go out, by the keys of the configuration.
package enum ChannelKind: UInt8, CaseIterable, Sendable {
    // Devices in the store say so: a number is never given anew.
    case command = 1
    case mail = 2
    case webhook = 3

    /// As the configuration, the command line and the journal say it.
    package var word: String {
        switch self {
        case .command: "command"
        case .mail: "mail"
        case .webhook: "webhook"
        }
    }

    /// What its program stands for.
    var program: ProgramName.Kind {
        switch self {
        case .command: .command
        case .mail: .mail
        case .webhook: .webhook
        }
    }
}
