import AdminProtocol
import ArgumentParser
import Authentication

/// `twostep verify`: would a code be right, and if not, how far off is the device?
struct VerifyCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Try a code of a user without using it up.",
        discussion: """
            Asks for the code, or reads one line of standard input. Nothing is charged and nothing is spent.
            Whoever is not root tries one of their own, where the configuration lets them (self_service): it is judged \
            as at a login, and is used up.
            Example: twostep verify alice
            """)

    @Argument(help: "The local account; yourself without it.") var user: String?
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        if world.isAboutOneself(user) { return try verifyOwn(in: world) }
        guard let user else {
            throw CommandFailure(.usage, code: .usage, "Whose code?", hint: "Type: twostep verify <user>")
        }
        // Before the question: who cannot be answered need not type.
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        guard let code = try world.console.ask("A code of \(user): ", otherwise: "Nothing was tried.") else {
            throw CommandFailure(.refused, code: .abandoned, "No code was given.")
        }
        var secrets = SecretFields()
        do throws(AdminProtocolError) {
            try secrets.append(code)
        } catch {
            throw CommandFailure(AdminRefusal(error))
        }
        let answer: DaemonConnection.Answer
        do throws(CommandFailure) {
            answer = try connection.ask(.verify(account: user), secrets: secrets)
        } catch {
            throw world.explained(error, about: user)
        }
        guard case .verified(let diagnosis) = answer.reply else { throw connection.misplaced() }
        guard let match = diagnosis.match else {
            return Report(
                .refused, text: "Wrong: no device of \(diagnosis.account) has made this code, now or a while ago.",
                json: .object([("account", .text(diagnosis.account)), ("match", .null)]))
        }
        let found: JSONValue = .object(
            match.module.members + [
                ("device", .text(match.device)), ("offset", .integer(match.offset)),
                ("seconds_per_unit", .integer(match.secondsPerUnit)), ("acceptable", .boolean(match.isAcceptable)),
                ("spent", .boolean(match.isSpent)),
            ])
        return Report(
            match.isAcceptable || match.isSpent ? .done : .refused, text: text(match),
            json: .object([("account", .text(diagnosis.account)), ("match", found)]))
    }

    /// Nothing else would be safe from whoever tries codes in the name of a user that is not theirs.
    private func verifyOwn(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let connection = try DaemonConnection.open(service.runtimeDirectory, .own, limit: world.replyLimit)
        let proof = try connection.prove(on: world.console, otherwise: "Nothing was tried.")
        return Report(
            text: "Right: it was accepted (\(proof.module.name)), and is used up now.",
            json: .object([("account", .text(proof.account))] + proof.module.members + [("accepted", .boolean(true))]))
    }

    private func text(_ match: CodeDiagnosis.Match) -> String {
        let device = "'\(match.device)' (\(match.module.name))"
        let offset = offset(match)
        // Where there is neither time nor order, a code is good or it is not.
        let isAlone = match.secondsPerUnit == 0 && match.offset == 0
        if match.isSpent {
            return isAlone
                ? "Right, but used already: a login would refuse it. It is of \(device)."
                : "Right, but used already: a login takes only the next code. It is of \(device), \(offset)."
        }
        if match.isAcceptable {
            return isAlone
                ? "Right: the code is of \(device), and would be accepted."
                : "Right: the code is of \(device), \(offset)."
        }
        let remedy =
            match.secondsPerUnit > 0
            ? "Set the clock of the device, or of this machine (see: timedatectl)." : "Too many codes were skipped."
        return "Too far off, a login would refuse it: the code is of \(device), \(offset).\n\(remedy)"
    }

    /// `which is 30 s ahead (1 step)`.
    private func offset(_ match: CodeDiagnosis.Match) -> String {
        guard match.offset != 0 else { return match.secondsPerUnit > 0 ? "whose clock is right" : "the next in turn" }
        let direction = match.offset > 0 ? "ahead" : "behind"
        let units = match.offset.magnitude
        guard match.secondsPerUnit > 0 else { return "which is \(units) \(units == 1 ? "code" : "codes") \(direction)" }
        let (seconds, overflow) = units.multipliedReportingOverflow(by: match.secondsPerUnit.magnitude)
        let span = Wording.span(seconds: overflow ? Int64.max : Int64(clamping: seconds))
        return "which is \(span) \(direction) (\(units) \(units == 1 ? "step" : "steps"))"
    }
}
