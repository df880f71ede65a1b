import AdminProtocol
import ArgumentParser

/// Taken by every verb that speaks of a provider's users.
struct ProviderOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The provider, where several are configured: TYPE or TYPE:ID.", valueName: "provider"))
    var provider: String?

    /// What was said; throws for what can be none.
    func reference() throws(CommandFailure) -> ProviderReference? {
        guard let provider else { return nil }
        return try ProviderReference(argument: provider)
    }
}

/// Taken by every verb that sets a password.
struct PasswordOptions: ParsableArguments {
    @Flag(name: .customLong("password-stdin"), help: "Take the password from standard input, in one line.")
    var isFromInput = false
}
