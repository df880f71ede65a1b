import AdminProtocol
import ArgumentParser
import AuthPrograms
import Authentication
import Daemon
import Glibc

/// `twostep module`: programs that judge factors.
struct ModuleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "module", abstract: "Try programs that judge factors or passwords (command_line).",
        discussion: "Example: twostep module test /usr/lib/twostep/programs/door",
        subcommands: [ModuleTestCommand.self])
}

/// `twostep module test`: tries whether a program keeps the contract.
struct ModuleTestCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Try whether a program keeps the module contract.",
        usage: "twostep module test [options] <program> [<argument> ...]",
        discussion: """
            Runs the program as logins would, without privileges and within bounds, asks it what no login should, and says \
            what it does wrong. With --user it also asks for a right answer of that user's. Needs root, and no twostepd.
            Example: twostep module test --user alice /usr/lib/twostep/programs/door
            """)

    @Argument(help: "The program, by its absolute path.") var program: String
    @Argument(help: ArgumentHelp("What the configuration has as its arguments.", valueName: "argument"))
    var arguments: [String] = []
    @Flag(help: "It proves a first factor, as a provider.") var provider = false
    @Flag(help: "It may reach the network.") var network = false
    @Option(help: ArgumentHelp("How long it may take, in seconds.", valueName: "seconds"))
    var time = Contract.usualTime
    @Option(help: ArgumentHelp("Ask for a right answer of this user's as well.", valueName: "user"))
    var user: String?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard ProgramSettings.isPath(program) else { throw ValidationError("'\(program)' is no absolute path") }
        guard Contract.times.contains(time) else {
            throw ValidationError("--time is from \(Contract.times.lowerBound) to \(Contract.times.upperBound)")
        }
    }

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        guard geteuid() == 0 else {
            throw CommandFailure(
                .refused, code: .notPermitted, "Programs are run as users of their own: this needs root.")
        }
        let settings = ProgramSettings(program: program, arguments: arguments, time: time, mayReachNetwork: network)
        if let fault = ProgramFile.fault(of: program) { return report([ContractTrial.Finding("its file", fault)]) }
        guard let runner = LocalProgramRunner(settings) else {
            throw CommandFailure(
                .refused, code: .internal, "There is no user that a program could run as: 60900 to 60915 are taken.")
        }
        let trial = ContractTrial(provider ? .provider : .module, settings, runner: runner)
        var findings = [ContractTrial.Finding("its file", nil)]
        switch trial.form() {
        case .failure(let failure): findings.append(ContractTrial.Finding("its form", failure.explanation))
        case .success(let schema):
            findings.append(ContractTrial.Finding("its form", nil))
            findings += trial.findings(
                for: schema, right: try rightAnswer(to: schema, in: world), inParallel: LocalProgramRunner.inParallel,
                collected: TrialTally())
        }
        return report(findings)
    }

    /// What a person says is right; nil if nobody is to be asked.
    private func rightAnswer(
        to schema: InputSchema, in world: AdministrationWorld
    ) throws(CommandFailure) -> ContractTrial.RightAnswer? {
        guard let user else { return nil }
        guard let account = AccountName(user) else {
            throw CommandFailure(.usage, code: .usage, "'\(user)' is no name of an account.")
        }
        var values = Secret(count: 0) { _ in }
        var ends: [Int] = []
        for field in schema.fields {
            let otherwise = "Nothing more is tried."
            guard
                let line = try world.console.ask(
                    "\(field.label): ", otherwise: otherwise, isHidden: field.kind != .visible)
            else { throw CommandFailure(.refused, code: .abandoned, otherwise) }
            let longer = values.withBytes { old in
                line.withBytes { new in
                    Secret(count: old.count + new.count) { target in
                        for index in old.indices { target[index] = old[index] }
                        for index in new.indices { target[old.count + index] = new[index] }
                    }
                }
            }
            values = longer
            ends.append(values.count)
        }
        guard let input = UserInput(values, ends: ends) else { return nil }
        return ContractTrial.RightAnswer(input, of: account)
    }

    private func report(_ findings: [ContractTrial.Finding]) -> Report {
        let failed = findings.count { $0.fault != nil }
        let lines = findings.map { finding in
            finding.fault.map { "failed  \(finding.rule): \($0)" } ?? "kept    \(finding.rule)"
        }
        let sum =
            failed == 0
            ? "\(program) keeps the contract, as far as was tried."
            : "\(program) does not keep the contract: \(failed) of \(findings.count) failed."
        let json: JSONValue = .object([
            ("program", .text(program)), ("kept", .boolean(failed == 0)),
            (
                "rules",
                .list(
                    findings.map {
                        .object([
                            ("rule", .text($0.rule)), ("kept", .boolean($0.fault == nil)), ("fault", .text($0.fault)),
                        ])
                    })
            ),
        ])
        return Report(failed == 0 ? .done : .refused, text: (lines + [sum]).joined(separator: "\n"), json: json)
    }
}
