import AdminProtocol
import ArgumentParser
import Authentication

/// `twostep enroll`: a new device, stored once its first code was right.
struct EnrollCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "enroll",
        abstract: "Give a user a new device.",
        usage: "twostep enroll <user> <module> [--name <name>] [options]",
        discussion: """
            Shows a QR code and the secret for an authenticator app, asks for the first code, and stores the device \
            only if that is right. A device of the same name is replaced.
            """)

    /// How the QR code is shown.
    enum QRStyle: String, ExpressibleByArgument, CaseIterable {
        case utf8, none
    }

    @Argument(help: "The local account.") var user: String
    @Argument(help: "The configured module: totp, or totp:ID.") var module: String
    @Option(help: ArgumentHelp("What the device is called.", valueName: "name")) var name = "phone"
    @Option(help: ArgumentHelp("SHA1, SHA256 or SHA512. Many apps know SHA1 alone.", valueName: "algorithm"))
    var algorithm: String?
    @Option(help: ArgumentHelp("How long a code is: 6 to 8.", valueName: "digits")) var digits: String?
    @Option(help: ArgumentHelp("How long a code is good, in seconds.", valueName: "seconds")) var period: String?
    @Flag(name: .customLong("no-confirm"), help: "Store the device without having seen a code of it: for scripts.")
    var isUnconfirmed = false
    @Option(help: ArgumentHelp("Show a QR code: utf8 or none. Without it, on a terminal only.", valueName: "style"))
    var qr: QRStyle?
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    /// Wrong codes until the enrolment is given up, all with the same secret.
    private static let tries = 3

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        guard let module = ModuleReference(argument: module) else {
            throw CommandFailure(
                .usage, code: .usage, "'\(module)' is no module: expected a type, or a type and an id as in totp:work.")
        }
        var parameters: [String: String] = [:]
        for (key, value) in [("algorithm", algorithm), ("digits", digits), ("period", period)] {
            parameters[key] = value
        }
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let answer = try connection.ask(
            .beginEnrollment(account: user, module: module, device: name, parameters: parameters))
        guard case .enrollmentBegun(let begun) = answer.reply else { throw connection.misplaced() }
        let uri = try EnrollCommand.secret(0, of: answer, connection)
        let key = EnrollCommand.withoutSpaces(try EnrollCommand.secret(1, of: answer, connection))
        // In a document the secrets have their members, where no question comes in between.
        if !(isUnconfirmed && output.isJSON) { try show(begun, uri: uri.secret, key: key.secret, on: world.console) }
        guard !isUnconfirmed else {
            let done = try EnrollCommand.stored(try connection.ask(.storeWithoutConfirmation), connection)
            return report(
                done, begun, secrets: [("uri", .secret(uri)), ("secret", .secret(key))])
        }
        return report(try confirm(connection, on: world.console), begun, secrets: [])
    }

    /// Asks for the first code until it is right; throws `wrongCode` after the third, `abandoned` if the person leaves.
    private func confirm(
        _ connection: borrowing DaemonConnection, on console: any Console
    ) throws(CommandFailure) -> EnrollmentDone {
        // Ctrl-C must not leave anybody in doubt: it is answered with what was not done.
        console.holdInterrupts()
        var triesLeft = EnrollCommand.tries
        while true {
            guard let code = try console.ask("The first code of \(name): ", otherwise: "Nothing was stored.") else {
                throw CommandFailure(.refused, code: .abandoned, "No code was given. Nothing was stored.")
            }
            var secrets = SecretFields()
            do throws(AdminProtocolError) {
                try secrets.append(code)
            } catch {
                throw CommandFailure(AdminRefusal(error))
            }
            do throws(CommandFailure) {
                return try EnrollCommand.stored(try connection.ask(.finishEnrollment, secrets: secrets), connection)
            } catch {
                guard error.status == .refused, error.refusal.code == .wrongCode else { throw error }
                triesLeft -= 1
                guard triesLeft > 0 else {
                    throw CommandFailure(
                        .refused, code: .wrongCode, "That code is wrong as well. Nothing was stored.",
                        hint: "Compare the clocks of the device and of this machine (date), and enroll again.")
                }
                let rest = triesLeft == 1 ? "one more try" : "\(triesLeft) more tries"
                try console.say("That code is wrong. Wait for the next one; \(rest).", on: .errors)
            }
        }
    }

    private static func secret(
        _ index: Int, of answer: borrowing DaemonConnection.Answer, _ connection: borrowing DaemonConnection
    ) throws(CommandFailure) -> SharedSecret {
        do throws(AdminProtocolError) {
            return SharedSecret(try answer.secrets.field(index))
        } catch {
            throw connection.notUnderstood(error)
        }
    }

    /// Programs take the key without the groups that people need.
    private static func withoutSpaces(_ shared: SharedSecret) -> SharedSecret {
        shared.secret.withBytes { bytes in
            let kept = bytes.indices.filter { bytes[$0] != UInt8(ascii: " ") }
            return SharedSecret(
                Secret(count: kept.count) { target in
                    for (position, index) in kept.enumerated() { target[position] = bytes[index] }
                })
        }
    }

    private static func stored(
        _ answer: consuming DaemonConnection.Answer, _ connection: borrowing DaemonConnection
    ) throws(CommandFailure) -> EnrollmentDone {
        guard case .enrollmentDone(let done) = answer.reply else { throw connection.misplaced() }
        return done
    }

    /// The new secret, in all its forms. The QR code comes last, so that it and the question fit one screen.
    private func show(
        _ begun: EnrollmentBegun, uri: borrowing Secret, key: borrowing Secret, on console: any Console
    ) throws(CommandFailure) {
        let buffer = OutputBuffer()
        let title = "New device '\(begun.device)' (\(begun.module.name)) of \(begun.account)"
        buffer.append(printable: "\(title): \(begun.description)\n")
        if begun.replaces {
            buffer.append(printable: "It will replace the device '\(begun.device)' that \(begun.account) has.\n")
        }
        buffer.append("URI:    ")
        uri.withBytes { buffer.append(printable: $0) }
        buffer.append("\nSecret: ")
        key.withBytes { key in
            for index in key.indices {
                if index > 0, index % 4 == 0 { buffer.append(" ") }
                buffer.append(printable: key.extracting(index..<index + 1))
            }
        }
        buffer.append("\n")
        // With a document on standard output, the person reads standard error.
        let stream: ConsoleStream = output.isJSON ? .errors : .output
        if (qr ?? (console.outputIsTerminal && stream == .output ? .utf8 : .none)) == .utf8 {
            let code = uri.withBytes { QRCode($0) }
            if let code {
                code.draw(on: buffer, inColour: console.allowsColour && stream == .output)
            } else {
                buffer.append("(The URI is too long for a QR code.)\n")
            }
        }
        try console.show(buffer, on: stream)
    }

    private func report(
        _ done: EnrollmentDone, _ begun: EnrollmentBegun, secrets: [(String, JSONValue)]
    ) -> Report {
        let verb = done.replaced ? "Replaced" : "Stored"
        let text = "\(verb) the device '\(done.device)' (\(done.module.name)) of \(done.account)."
        return Report(
            text: text,
            json: .object(
                [("account", .text(done.account))] + done.module.members + [
                    ("device", .text(done.device)), ("description", .text(begun.description)),
                    ("replaced", .boolean(done.replaced)), ("confirmed", .boolean(!isUnconfirmed)),
                ] + secrets),
            change: isUnconfirmed && output.isJSON ? "\(text) Nobody has seen its secret: enroll it anew." : text)
    }
}
