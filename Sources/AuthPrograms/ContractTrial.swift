package import Authentication

/// Tries whether a program keeps the contract (twostep-module(7)), one rule after the other.
///
/// Its form is asked for first; without that there is nothing else to try. What only a right answer can show is tried if
/// there is one.
package struct ContractTrial {
    /// What was tried, and what was wrong with it; nil if nothing was.
    package struct Finding: Equatable, Sendable {
        package let rule: String
        package let fault: String?

        package init(_ rule: String, _ fault: String?) {
            self.rule = rule
            self.fault = fault
        }
    }

    /// A right answer, and whose it is.
    package struct RightAnswer: Sendable {
        package let user: AccountName
        package let input: UserInput

        package init(_ input: UserInput, of user: AccountName) {
            self.input = input
            self.user = user
        }
    }

    private let name: ProgramName
    private let settings: ProgramSettings
    private let runner: any ProgramRunner

    /// How many questions are asked at a time.
    package static let crowd = 200

    package init(_ kind: ProgramName.Kind, _ settings: ProgramSettings, runner: any ProgramRunner) {
        name = ProgramName(kind, "command_line:test")
        self.settings = settings
        self.runner = runner
    }

    /// What is wrong with the program's description, or the form that it describes.
    package func form() -> Result<InputSchema, TrialFailure> {
        do throws(ContractFault) {
            let first = try description()
            guard try description() == first else {
                return .failure(TrialFailure("it describes another form each time"))
            }
            return .success(first.schema)
        } catch {
            return .failure(TrialFailure(error.explanation))
        }
    }

    /// Every rule, in order; `inParallel` calls its body so many times, several at once, and returns when all are done.
    package func findings(
        for schema: InputSchema, right: RightAnswer?, inParallel: (Int, @escaping @Sendable (Int) -> Void) -> Void,
        collected: TrialTally
    ) -> [Finding] {
        var findings = [
            refuses("an answer that cannot be right", "twostep-nobody", answer("\u{201C}no answer\u{201D}")),
            refuses("an answer of 511 bytes", "twostep-nobody", answer(String(repeating: "x", count: 511))),
            refuses("an answer of 512 bytes", "twostep-nobody", answer(String(repeating: "x", count: 512))),
            refuses("a NUL in an answer", "twostep-nobody", answer("1\u{0}2")),
            refuses("quotes, backslashes and a shell's own", "twostep-nobody", answer(#"","user":"root$(id)`id`\"#)),
            refuses("an empty answer", "twostep-nobody", answer("")),
            refuses("an empty name", "", answer("x")),
            refuses("root's name", "root", answer("x")),
            constancy(schema), silence("a question that breaks off", "{\"twostep\":1,\"requ"),
            silence("no question at all", ""),
        ]
        let name = name
        let settings = settings
        let runner = runner
        inParallel(ContractTrial.crowd) { number in
            let trial = ContractTrial(name.kind, settings, runner: runner)
            collected.add(trial.refusal("twostep-nobody", trial.answer("wrong \(number)"), in: schema))
        }
        findings.append(
            Finding("\(ContractTrial.crowd) questions, many at a time", collected.fault(of: ContractTrial.crowd)))
        if let right { findings += self.findings(of: right, schema) }
        return findings

        func refuses(_ rule: String, _ user: String, _ input: [UInt8]) -> Finding {
            Finding(rule, refusal(user, input, in: schema))
        }
    }

    // MARK: What only a right answer can show

    private func findings(of right: RightAnswer, _ schema: InputSchema) -> [Finding] {
        let program = Program(name, settings, runner: runner)
        program.describe()
        let first = program.validate(right.input, of: right.user, service: "test", host: nil, devices: nil)
        let again = program.validate(right.input, of: right.user, service: "test", host: nil, devices: nil)
        let ofAnother = AccountName("twostep-nobody").map {
            program.validate(right.input, of: $0, service: "test", host: nil, devices: nil)
        }
        return [
            Finding("the right answer", ContractTrial.fault(of: first, by: right.user, name.kind)),
            Finding(
                "the right answer again",
                again == .wrong ? nil : ContractTrial.fault(of: again, by: right.user, name.kind)),
            Finding(
                "the right answer for another name",
                ofAnother.flatMap { verdict in
                    guard case .accepted(let user, _, _, _) = verdict, name.kind == .module, user != "twostep-nobody"
                    else {
                        return nil
                    }
                    return "it names '\(ContractReply.isReadable(user) ? user : "somebody")', who was not asked about"
                }),
        ]
    }

    private static func fault(of verdict: Program.Verdict, by user: AccountName, _ kind: ProgramName.Kind) -> String? {
        switch verdict {
        case .accepted(let name, _, _, _):
            guard let account = AccountName(name) else { return "it names nobody" }
            return kind == .module && account != user ? "it names '\(account)' and not '\(user)'" : nil
        case .wrong: return "it calls it wrong"
        case .malformed: return "it calls it malformed"
        case .unavailable(let reason): return reason
        }
    }

    // MARK: Asking

    private func description() throws(ContractFault) -> ProgramDescription {
        try ProgramDescription(
            Program(name, settings, runner: runner).ask(ContractLine("describe", to: name)), of: name.kind)
    }

    private func answer(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// What is wrong with how an answer is refused; nil if it is refused as it should be.
    func refusal(_ user: String, _ answer: [UInt8], in schema: InputSchema) -> String? {
        do throws(ContractFault) {
            switch try Program.Verdict(reply(user, answer, schema)) {
            case .accepted(let named, _, _, _):
                return named.isEmpty ? "it accepts it, and names nobody" : "it accepts it"
            case .wrong, .malformed: return nil
            case .unavailable(let reason): return "it cannot tell: \(reason)"
            }
        } catch {
            return error.explanation
        }
    }

    private func reply(
        _ user: String, _ answer: [UInt8], _ schema: InputSchema
    ) throws(ContractFault) -> ContractReply {
        var line = ContractLine("validate", to: name)
        line.member("user", user)
        line.member("service", "test")
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for _ in schema.fields {
            bytes += answer
            ends.append(bytes.count)
        }
        guard let input = UserInput(Secret(copying: bytes.span), ends: ends) else { throw ContractFault("no form") }
        line.answers(input, to: schema)
        if name.kind == .module { line.devices([]) }
        return try Program(name, settings, runner: runner).ask(line)
    }

    /// Whoever is wrong hears the same, whoever he is and whatever he typed.
    private func constancy(_ schema: InputSchema) -> Finding {
        let rule = "the same text for all that is wrong"
        let answers = [("twostep-nobody", "wrong"), ("root", "also wrong"), ("twostep-nobody", "wrong once more")]
        let texts = answers.map { user, text in output(user, self.answer(text), schema) }
        guard let first = texts.first else { return Finding(rule, nil) }
        return Finding(rule, texts.allSatisfy { $0 == first } ? nil : "it answers differently")
    }

    private func output(_ user: String, _ answer: [UInt8], _ schema: InputSchema) -> Program.Verdict? {
        do throws(ContractFault) {
            return try Program.Verdict(reply(user, answer, schema))
        } catch {
            return nil
        }
    }

    /// What is no question must not hold the program up, and is never accepted.
    private func silence(_ rule: String, _ text: String) -> Finding {
        let bytes = Array(text.utf8)
        let run = runner.run(
            name, mayReachNetwork: settings.mayReachNetwork, asking: Secret(copying: bytes.span),
            within: Int64(settings.time) * 1000)
        switch run {
        case .failed(let reason): return Finding(rule, reason.contains("not ended within") ? reason : nil)
        case .ended(let output):
            guard let reply = try? ContractReply(output), case .accepted? = try? Program.Verdict(reply) else {
                return Finding(rule, nil)
            }
            return Finding(rule, "it accepts it")
        }
    }
}

/// Why nothing can be tried.
package struct TrialFailure: Error, Equatable, Sendable {
    package let explanation: String
    init(_ explanation: String) { self.explanation = explanation }
}
