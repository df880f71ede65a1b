import AdminProtocol
import AuthModules
import Authentication

/// A code that is issued to one user for one use: what `bypass` and `ticket` have in common.
struct IssuedCode {
    let kind: ModuleID
    let user: String
    let duration: CodeDuration
    let reason: String?
    /// What it is called in sentences.
    let words: String

    func issue(_ service: ServiceOptions, in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let longest = IssuedCodeModule.longest(of: kind)
        guard duration.seconds <= longest else {
            let most = longest > 86_400 ? "\(longest / 86_400)d" : "\(longest / 3600)h"
            let because = reason.map { " --reason \(Wording.word($0))" } ?? ""
            throw CommandFailure(
                .usage, code: .badParameter,
                "A \(words) may be good for \(Wording.span(seconds: longest)) at most. None was issued.",
                hint: "Type: twostep \(kind.type) \(Wording.word(user)) --for \(most)\(because)")
        }
        let end = world.now() + duration.seconds
        var parameters = ["until": String(end)]
        if let reason { parameters["reason"] = reason }
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let begun = try connection.ask(
            .beginEnrollment(
                account: user, module: ModuleReference(kind), device: nil, parameters: parameters, issuesNothing: true))
        guard case .enrollmentBegun = begun.reply else { throw connection.misplaced() }
        let code = try connection.secret(2, of: begun)
        let stored = try connection.ask(.storeWithoutConfirmation)
        guard case .enrollmentDone(let done) = stored.reply else { throw connection.misplaced() }
        let appendix = OutputBuffer()
        appendix.append("  ")
        code.secret.withBytes { appendix.append(printable: $0) }
        appendix.append("\n")
        let void = done.replaced ? " The one before is void." : ""
        let text = """
            The \(words) of \(done.account), good once and until \(Wording.moment(end)).\(void) It is not shown again.
            """
        return Report(
            text: text, appendix: appendix,
            json: .object([
                ("account", .text(done.account)), ("code", .secret(code)), ("until", .integer(end)),
                ("reason", .text(reason)), ("replaced", .boolean(done.replaced)),
            ]), change: "A \(words) of \(done.account) was issued, and nobody has seen it: issue another.")
    }
}
