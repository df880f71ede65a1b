import AdminProtocol
import AuthModules
import Authentication

/// A secret that an administrator brings along (`--secret -`).
enum GivenSecret {
    /// Reads a line of base32 from standard input, and returns its bytes as the secret part of a request.
    static func read(_ argument: String, on console: any Console) throws(CommandFailure) -> SecretFields {
        guard argument == "-" else {
            throw CommandFailure(
                .usage, code: .usage, "A secret on a command line can be seen by everybody. Nothing was stored.",
                hint: "Say --secret - and type it, or pass it on standard input.")
        }
        guard let typed = try console.ask("Secret (base32): ", otherwise: "Nothing was stored.", isHidden: true) else {
            throw CommandFailure(.refused, code: .abandoned, "No secret was given. Nothing was stored.")
        }
        guard let key = typed.withBytes({ Base32.decode($0) }), key.count > 0 else {
            throw CommandFailure(
                .refused, code: .badParameter, "That is no secret in base32. Nothing was stored.",
                hint: "It has the letters A to Z and the digits 2 to 7.")
        }
        var secrets = SecretFields()
        do throws(AdminProtocolError) {
            try secrets.append(key)
        } catch {
            throw CommandFailure(AdminRefusal(error))
        }
        return secrets
    }
}
