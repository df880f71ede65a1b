import AdminProtocol
import ArgumentParser
import Authentication

/// `twostep enroll`: a new device, stored once its first answer was right.
struct EnrollCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "enroll",
        abstract: "Give a user, or yourself, a new device.",
        usage: "twostep enroll [<user>] [<module>] [--name <name>] [options]",
        discussion: """
            An authenticator app is shown a QR code and the secret, and its first code is asked for; a PIN is asked \
            for; recovery codes are shown. A device of the same name is replaced.
            Root names the user and the module. Everybody else gives themselves a further device, where the \
            configuration lets them (self_service), and first answers with one that they have, or with a ticket.
            Example: twostep enroll alice totp --name phone
            For yourself: twostep enroll
            """)

    @Argument(help: "The local account; yourself without it.") var user: String?
    @Argument(help: "The configured module: totp, or totp:ID.") var module: String?
    @Option(help: ArgumentHelp("What the device is called; else as the module calls it.", valueName: "name"))
    var name: String?
    @OptionGroup(title: "Parameters, for the modules that have them") var parameters: EnrollParameters
    @Flag(name: .customLong("no-confirm"), help: "Store the device without having seen a code of it: for scripts.")
    var isUnconfirmed = false
    @Flag(
        name: .customLong("no-recovery-codes"),
        help: "Issue no recovery codes along with the user's first device.")
    var issuesNothing = false
    @Flag(name: .customLong("yes"), help: "Do not ask before old recovery codes become void.") var isAgreed = false
    @Option(
        help: ArgumentHelp("Bring a secret along: -, and it is read from standard input (base32).", valueName: "secret")
    )
    var secret: String?
    @OptionGroup var pictures: PictureOptions
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    /// Wrong answers until the enrolment is given up, all with the same secret.
    private static let tries = 3

    /// How long the daemon may take, in milliseconds: programs may have a part in it, which have a minute (twostep.yaml(5))
    /// and what starting them takes.
    private static func limit(in world: AdministrationWorld) -> Int64 { max(world.replyLimit, 75_000) }

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        // The one word that somebody says of themselves is the module, unless it is their name.
        if world.isAboutOneself(user) { return try enrolOneself(module, in: world) }
        if !world.accounts.isPrivileged, module == nil { return try enrolOneself(user, in: world) }
        guard let user, let name = module else {
            throw CommandFailure(
                .usage, code: .usage, "Whose device, and of which module? Nothing was stored.",
                hint: "Type: twostep enroll \(user.map(Wording.word) ?? "<user>") <module>")
        }
        let module = try ModuleReference(argument: name)
        guard !module.module.isStopgap else {
            throw CommandFailure(
                .usage, code: .unknownModule, "A \(module.name) is no device. Nothing was stored.",
                hint: "Use: twostep \(module.name) \(Wording.word(user))")
        }
        // Before the connection: the daemon waits for nobody who types.
        let given: SecretFields
        if let secret { given = try GivenSecret.read(secret, on: world.console) } else { given = SecretFields() }
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: EnrollCommand.limit(in: world))
        let issuesNothing: Bool? = issuesNothing ? true : nil
        let request: AdminRequest =
            secret == nil
            ? .beginEnrollment(
                account: user, module: module, device: self.name, parameters: parameters.given,
                issuesNothing: issuesNothing)
            : .beginEnrollmentWithKey(
                account: user, module: module, device: self.name, parameters: parameters.given,
                issuesNothing: issuesNothing)
        let answer = try connection.ask(request, secrets: given)
        return try finish(answer, connection, in: world)
    }

    /// Gives whoever has typed the command a further device.
    private func enrolOneself(
        _ module: String?, in world: AdministrationWorld
    ) throws(CommandFailure) -> Report {
        for (isGiven, option) in [
            (secret != nil, "--secret"), (isUnconfirmed, "--no-confirm"), (issuesNothing, "--no-recovery-codes"),
        ] where isGiven {
            throw CommandFailure(
                .refused, code: .notPermitted, "\(option) is for root alone. Nothing was stored.")
        }
        let module = try module.map { (argument) throws(CommandFailure) in try ModuleReference(argument: argument) }
        let connection = try DaemonConnection.open(
            service.runtimeDirectory, .own, limit: EnrollCommand.limit(in: world))
        _ = try connection.prove(on: world.console, otherwise: "Nothing was stored.")
        let answer = try connection.ask(
            own: .beginEnrollment(module: module, device: name, parameters: parameters.given))
        return try finish(answer, connection, in: world)
    }

    /// Shows what was begun, and stores it once its first answer was right.
    private func finish(
        _ answer: borrowing DaemonConnection.Answer, _ connection: borrowing DaemonConnection,
        in world: AdministrationWorld
    ) throws(CommandFailure) -> Report {
        guard case .enrollmentBegun(let begun) = answer.reply else { throw connection.misplaced() }
        let device = NewDevice(
            begun, uri: try connection.secret(0, of: answer), key: try connection.secret(1, of: answer),
            // An older daemon has none.
            codes: answer.secrets.count > 2 ? try connection.secret(2, of: answer) : nil)
        let isAnswered = begun.form?.isEmpty == true || isUnconfirmed
        if begun.replaces, begun.form?.isEmpty == true, world.console.inputIsTerminal {
            try world.console.agree(
                to: "\(begun.account) has '\(begun.device)' (\(begun.module.name)) already. Make that void?",
                isAgreed: isAgreed, otherwise: "Nothing was stored.", command: "twostep enroll")
        }
        try pictures.save(device.uri.secret)
        // In a document the secrets have their members, where no question comes in between.
        if !(isAnswered && output.isJSON) {
            // With a document on standard output, the person reads standard error.
            try device.show(on: world.console, to: output.isJSON ? .errors : .output, qr: pictures.qr)
        }
        guard !isAnswered else {
            let stored =
                isUnconfirmed ? try connection.ask(.storeWithoutConfirmation) : try connection.finishEnrollment()
            return try report(stored, connection, device, isShownInDocument: true)
        }
        return try report(
            try confirm(device, connection, on: world.console), connection, device, isShownInDocument: false)
    }

    /// Asks for the form's fields until they are right; throws after the third time, and if the person leaves.
    private func confirm(
        _ device: NewDevice, _ connection: borrowing DaemonConnection, on console: any Console
    ) throws(CommandFailure) -> DaemonConnection.Answer {
        // Ctrl-C must not leave anybody in doubt: it is answered with what was not done.
        console.holdInterrupts()
        var triesLeft = EnrollCommand.tries
        while true {
            let secrets = try fill(device.form, on: console)
            do throws(CommandFailure) {
                return try connection.finishEnrollment(secrets)
            } catch {
                guard error.status == .refused, [.wrongCode, .unacceptable].contains(error.refusal.code) else {
                    throw error
                }
                triesLeft -= 1
                let isCode = error.refusal.code == .wrongCode
                guard triesLeft > 0 else {
                    throw CommandFailure(
                        .refused, code: error.refusal.code,
                        isCode
                            ? "That code is wrong as well. Nothing was stored."
                            : "\(error.refusal.message) Nothing was stored.",
                        hint: isCode
                            ? "Compare the clocks of the device and of this machine (date), and enroll again." : nil)
                }
                let rest = triesLeft == 1 ? "one more try" : "\(triesLeft) more tries"
                let complaint =
                    isCode ? "That code is wrong. Wait for the next one; " : "\(error.refusal.message) Again: "
                try console.say("\(complaint)\(rest).", on: .errors)
            }
        }
    }

    private func fill(_ form: [FormField], on console: any Console) throws(CommandFailure) -> SecretFields {
        var secrets = SecretFields()
        for field in form {
            guard
                let typed = try console.ask(
                    "\(field.label): ", otherwise: "Nothing was stored.", isHidden: field.isHidden)
            else {
                throw CommandFailure(.refused, code: .abandoned, "No answer was given. Nothing was stored.")
            }
            do throws(AdminProtocolError) {
                try secrets.append(typed)
            } catch {
                throw CommandFailure(AdminRefusal(error))
            }
        }
        return secrets
    }

    private func report(
        _ answer: consuming DaemonConnection.Answer, _ connection: borrowing DaemonConnection, _ device: NewDevice,
        isShownInDocument: Bool
    ) throws(CommandFailure) -> Report {
        guard case .enrollmentDone(let done) = answer.reply else { throw connection.misplaced() }
        var codes = isShownInDocument ? device.codes : nil
        let appendix = OutputBuffer()
        if let issued = done.issued {
            let fresh = PaperCodes(try connection.secret(0, of: answer))
            codes = fresh
            appendix.append(
                printable:
                    "\nRecovery codes of \(done.account), the device '\(issued.device)' (\(issued.module.name)):\n")
            fresh.list(on: appendix)
        }
        var members: [(String, JSONValue)] =
            [("account", .text(done.account))] + done.module.members + [
                ("device", .text(done.device)),
                ("description", .text(done.description ?? device.begun.description)),
                ("replaced", .boolean(done.replaced)), ("confirmed", .boolean(!isUnconfirmed)),
            ]
        if isShownInDocument { members += device.secrets }
        if let codes { members.append(("recovery_codes", codes.json)) }
        let verb = done.replaced ? "Replaced" : "Stored"
        let void = done.replaced && device.codes != nil ? " The old codes are void." : ""
        let text = "\(verb) the device '\(done.device)' (\(done.module.name)) of \(done.account).\(void)"
        var change = text
        if isShownInDocument, output.isJSON { change += " Nobody has seen its secret: enroll it anew." }
        if let issued = done.issued {
            change += " Nobody has seen the recovery codes: twostep enroll \(done.account) \(issued.module.name)"
        }
        return Report(text: text, appendix: appendix, json: .object(members), change: change)
    }
}
