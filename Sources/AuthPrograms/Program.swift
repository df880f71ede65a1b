package import Authentication
internal import Synchronization

/// A program of the administrator's as the daemon sees it: what it is asked, and what its answers mean.
///
/// Every question is a run of its own, with everything in it that the program must know: there is no state in between that
/// one login could leave for another.
package final class Program: Sendable {
    package let name: ProgramName
    package let settings: ProgramSettings
    private let runner: (any ProgramRunner)?
    /// Whether the configuration says that people enrol with it.
    private let isSetUp: Bool
    private let standing = Mutex<Standing>(.unasked)

    /// What it has said of itself.
    private enum Standing {
        case unasked
        case described(ProgramDescription)
        /// It has not answered, and why.
        case silent(String)
        /// It has answered what does not fit the contract, or the configuration.
        case unfit(String)
    }

    /// Without a `runner` nothing is started: for whoever reads a configuration and lets nobody in by it.
    package init(
        _ name: ProgramName, _ settings: ProgramSettings, isSetUp: Bool = false, runner: (any ProgramRunner)?
    ) {
        self.name = name
        self.settings = settings
        self.isSetUp = isSetUp
        self.runner = runner
    }

    /// What is known of its form before it was asked.
    private static let unknownForm = InputSchema([InputField(name: "answer", label: "Answer", kind: .secret)])

    private var described: ProgramDescription? {
        standing.withLock { if case .described(let description) = $0 { description } else { nil } }
    }

    package var schema: InputSchema { described?.schema ?? Program.unknownForm }
    package var refusal: String? { described?.refusal }

    /// Why it is asked nothing now: it has not said yet what it is. Nil once it has, and where nothing is started.
    package var outage: String? {
        guard runner != nil else { return nil }
        return standing.withLock {
            switch $0 {
            case .unasked: "\(settings.program) has not been asked yet what it is"
            case .described: nil
            case .silent(let reason), .unfit(let reason): reason
            }
        }
    }

    /// What is wrong with it or with its configuration, in a sentence: it is asked what it is, if it was not yet. Nil where it
    /// fits, where it does not answer, and where nothing is started.
    package var fault: String? {
        if case .unasked = standing.withLock({ $0 }) { describe() }
        return standing.withLock { if case .unfit(let reason) = $0 { reason } else { nil } }
    }

    /// Asks it what it is, and waits for that.
    package func describe() {
        guard runner != nil else { return }
        let found = ask()
        standing.withLock { $0 = found }
    }

    private func ask() -> Standing {
        do throws(ContractFault) {
            let description = try ProgramDescription(
                // What is loaded is waited for: no longer than what nobody has given more time.
                ask(ContractLine("describe", to: name), within: min(settings.time, Contract.usualTime)), of: name.kind)
            guard description.hasSetup == isSetUp else {
                return .unfit(
                    isSetUp
                        ? "it describes no set-up, and the configuration says setup: true"
                        : "it describes a set-up, and the configuration does not say setup: true")
            }
            return .described(description)
        } catch {
            let reason = "\(settings.program): \(error.explanation)"
            return error.isOutage ? .silent(reason) : .unfit(reason)
        }
    }

    /// Whether a form is filled in as its fields want it: texts of 1 to 511 bytes that a terminal could show.
    package func recognizes(_ input: UserInput) -> Bool { Program.recognizes(input, in: schema) }

    static func recognizes(_ input: UserInput, in schema: InputSchema) -> Bool {
        guard input.count == schema.fields.count else { return false }
        return schema.fields.enumerated().allSatisfy { index, field in
            input.withField(at: index) { value in
                guard value.count > 0 else { return !field.isRequired }
                guard value.count <= Contract.longestAnswer, (try? UTF8Span(validating: value)) != nil else {
                    return false
                }
                return value.indices.allSatisfy { value[$0] >= 0x20 && value[$0] != 0x7F }
            }
        }
    }

    /// Has it judge what somebody typed.
    package func validate(
        _ input: UserInput, of account: AccountName, service: String, host: String?,
        devices: [ChargedGuess.OpenedDevice]?
    ) -> Verdict {
        do throws(ContractFault) {
            var line = ContractLine("validate", to: name)
            line.member("user", account.text)
            line.member("service", service)
            if let host { line.member("host", host) }
            line.answers(input, to: schema)
            if let devices { line.devices(devices) }
            return try Verdict(ask(line))
        } catch {
            return .unavailable("\(settings.program): \(error.explanation)")
        }
    }

    /// One run: a question and its answer.
    func ask(_ line: consuming ContractLine, within seconds: Int? = nil) throws(ContractFault) -> ContractReply {
        guard let runner else { throw ContractFault("nothing is started here") }
        guard let request = line.finished() else {
            throw ContractFault("what it would be asked is longer than \(Contract.longestRequest) bytes")
        }
        switch runner.run(
            name, mayReachNetwork: settings.mayReachNetwork, asking: request,
            within: Int64(seconds ?? settings.time) * 1000)
        {
        case .failed(let reason): throw ContractFault(reason, isOutage: true)
        case .ended(let output): return try ContractReply(output)
        }
    }
}
