/// What might be written in place of a line: tried by `StackReview`, the best first.
struct StackSuggestions {
    private static let controls = ["required", "requisite", "sufficient", "optional", "include", "substack"]

    let stack: Stack
    let modules: ModuleFolders
    /// The names of the files that a line may include.
    let names: [String]

    init(_ stack: Stack, _ modules: ModuleFolders, files names: [String]) {
        self.stack = stack
        self.modules = modules
        self.names = names
    }

    /// For a line that libpam cannot make anything of.
    func forSyntax(of finding: StackFinding) -> [Mend] {
        guard let number = finding.line,
            let file = stack.files.first(where: { $0.path == finding.path }),
            let line = file.lines.first(where: { $0.lines.lowerBound == number })
        else { return [] }
        let dash = line.isSilent ? "-" : ""
        let group =
            line.group == nil
            ? Likeness.nearest(to: line.groupWord, among: ManagementGroup.allCases.map(\.rawValue) + ["@include"]) : nil
        let control = line.control.flatMap { $0.isUnderstood ? nil : pairs($0) }
        var words: [Int: String] = [:]
        if let group { words[0] = dash + group }
        if let control { words[1] = control }
        if case .module(let path, _, _) = line.content, !modules.found.isEmpty, !modules.has(path) {
            words[2] =
                Likeness.nearest(to: path.trimmingEnd(), among: modules.modules)
                ?? (path.hasPrefix("pam_twostep") ? "pam_twostep.so" : nil)
        }
        switch line.content {
        case .wholeFile(let name): words[1] = otherFile(name, than: file)
        case .include(let name), .substack(let name): words[2] = otherFile(name, than: file)
        case _: break
        }
        return (words.isEmpty ? [] : [replacing(file.path, line, words)]) + withoutReturns(file)
            + [commentingOut(file.path, line)]
    }

    /// The whole of a file that was written on Windows, where what is wrong is the end of each line.
    private func withoutReturns(_ file: StackFile) -> [Mend] {
        let lines = StackFile.physicalLines(file.bytes)
        guard lines.count(where: { $0.last == UInt8(ascii: "\r") }) > 1 else { return [] }
        let kept = lines.map { line in
            String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
        }
        return [.write(file.path, kept.joined(separator: "\n") + "\n")]
    }

    /// For a line that names another file as if it were our module.
    func forImpostor(_ finding: StackFinding) -> [Mend] {
        stack.steps.filter { $0.path == finding.path && $0.line.lines.lowerBound == finding.line }.prefix(1).map {
            replacing($0.path, $0.line, [2: "pam_twostep.so"])
        }
    }

    /// The file that somebody may have meant who has named one that is not there.
    private func otherFile(_ name: String, than file: StackFile) -> String? {
        guard !names.contains(name) else { return nil }
        return Likeness.nearest(to: name.trimmingEnd(), among: names.filter { !file.path.hasSuffix("/\($0)") })
    }

    /// For a line that libpam understands.
    func forWeakness(_ weakness: Weakness) -> [Mend] {
        guard let index = weakness.step ?? stack.ours.first else { return [] }
        let step = stack.steps[index]
        switch weakness {
        case .goesPast: return goingOn(from: index)
        case .refusalIgnored: return [control(step, "required"), control(step, "requisite")]
        case .refusalTakenBack: return [control(step, "optional"), control(step, "required"), out(step)]
        case .askedInVain, .factorNotNeeded: return [control(step, "requisite")] + notSubstacks(step)
        case .askedTwice: return alone(step)
        case .exemptJumps: return [argument(step, "exempt=success", "")]
        case .unknownArgument:
            let file = stack.files.first { $0.path == step.path }
            return [knownArguments(step)] + (file.map { withoutReturns($0) } ?? [])
        case .moduleMissing: return [replacing(step.path, step.line, [2: "pam_twostep.so"])]
        case .nobody:
            return [shorterJump(step), control(step, "required")].compactMap { $0 } + [out(step)]
        case .unclear: return []
        case .exemptRefused:
            let last = step.line.tokens.count - 1
            let word = step.line.arguments.last.map { Token.spelling($0) } ?? step.line.module ?? ""
            return [replacing(step.path, step.line, [last: "\(word) exempt=success"])]
        case .noEvidence, .perhapsNoEvidence: return [belowPassword(index), password(above: step)].compactMap { $0 }
        }
    }

    /// Our line behind the one that asks for the password, or that includes it.
    private func belowPassword(_ index: Int) -> Mend? {
        let step = stack.steps[index]
        guard step.via.isEmpty, let file = stack.files.first(where: { $0.path == step.path }),
            let asking = stack.steps[(index + 1)...].first(where: { ModuleKind($0.line.module ?? "").isFactor })
        else { return nil }
        let end = (asking.via.first?.line ?? asking.line).lines.upperBound
        let ours = step.line.lines
        guard end > ours.upperBound else { return nil }
        let between = (ours.upperBound + 1...end).compactMap { file.text(ofLine: $0) }
        let text = (between + [step.line.text(replacing: [:])]).joined(separator: "\n")
        return .replace(step.path, ours.lowerBound...end, with: text)
    }

    /// A line that asks for the password, where there is none at all.
    private func password(above step: StackStep) -> Mend? {
        guard step.via.isEmpty, !stack.steps.contains(where: { ModuleKind($0.line.module ?? "").isFactor }) else {
            return nil
        }
        return .insert(step.path, before: step.line.lines.lowerBound, "auth       requisite    pam_unix.so")
    }

    /// What has the same alternatives, and comes to our line with each.
    private func goingOn(from index: Int) -> [Mend] {
        let step = stack.steps[index]
        guard let target = stack.ours.first(where: { $0 > index }) else { return [] }
        let between = stack.steps[(index + 1)..<target]
        let kinds = between.map { ModuleKind($0.line.module ?? "") }
        guard ModuleKind(step.line.module ?? "").isFactor else {
            return [control(step, "optional"), jump(step, over: between, to: target), out(step)].compactMap { $0 }
        }
        let jump = jump(step, over: between, to: target)
        // Where others may accept as well, or a refusal has a line of its own, this one's refusal goes on to them.
        let hasOthers = kinds.contains { $0.isFactor || $0.isDeny }
        let end = control(step, "requisite")
        return (hasOthers ? [jump, end] : [end, jump]).compactMap { $0 } + notSubstacks(step)
    }

    /// A jump that lands on our line, or on the substack that it is in.
    private func jump(_ step: StackStep, over between: ArraySlice<StackStep>, to target: Int) -> Mend? {
        guard between.allSatisfy({ $0.level >= step.level }), stack.steps[target].level >= step.level else {
            return nil
        }
        let units = between.count { $0.level == step.level } - (stack.steps[target].level > step.level ? 1 : 0)
        guard units > 0 else { return nil }
        let refusal = step.control[.authenticationError]
        let otherwise = if case .jump = refusal { Action.ignore } else { refusal }
        return control(step, "[success=\(units) default=\(otherwise.text)]")
    }

    /// The longest jump that stays within the stack.
    private func shorterJump(_ step: StackStep) -> Mend? {
        guard case .jump(let count) = step.control[.success],
            let index = stack.steps.firstIndex(of: step)
        else { return nil }
        let rest = stack.steps[(index + 1)...].prefix { $0.level >= step.level }.count { $0.level == step.level }
        let units = min(rest, count) - 1
        guard units > 0 else { return control(step, "requisite") }
        return control(step, "[success=\(units) default=\(step.control[.authenticationError].text)]")
    }

    /// What ends a substack does not end the login: its lines would have to be the service's own.
    private func notSubstacks(_ step: StackStep) -> [Mend] {
        step.via.reversed().compactMap { place in
            guard case .substack = place.line.content else { return nil }
            return replacing(place.path, place.line, [1: "include"])
        }
    }

    /// One of our lines for each login: the service's own goes, if another file has one.
    private func alone(_ step: StackStep) -> [Mend] {
        let own = stack.ours.map { stack.steps[$0] }.filter { $0.via.isEmpty }.map { out($0) }
        let ways = step.via.prefix(1).map { commentingOut($0.path, $0.line) }
        return (step.via.isEmpty ? [out(step)] : own + ways) + [out(step)]
    }

    private func control(_ step: StackStep, _ control: String) -> Mend {
        replacing(step.path, step.line, [1: control])
    }

    private func argument(_ step: StackStep, _ argument: String, _ word: String) -> Mend {
        let index = step.line.tokens.lastIndex { $0.text == argument } ?? step.line.tokens.count
        return replacing(step.path, step.line, [index: word])
    }

    /// Without the arguments that our module does not know, or with those that were meant.
    private func knownArguments(_ step: StackStep) -> Mend {
        var words: [Int: String] = [:]
        let wrong = Set(Weakness.unknownArguments(step.line.arguments))
        for (index, token) in step.line.tokens.enumerated().dropFirst(3) where wrong.contains(index - 3) {
            let isRepeated = token.text == "exempt=success"
            words[index] = isRepeated ? "" : Likeness.nearest(to: token.text, among: ["exempt=success"]) ?? ""
        }
        return replacing(step.path, step.line, words)
    }

    private func out(_ step: StackStep) -> Mend { commentingOut(step.path, step.line) }

    private func commentingOut(_ path: String, _ line: StackLine) -> Mend {
        .replace(path, line.lines, with: "#\(line.text(replacing: [:]))")
    }

    private func replacing(_ path: String, _ line: StackLine, _ words: [Int: String]) -> Mend {
        .replace(path, line.lines, with: line.text(replacing: words))
    }

    /// A control with its mistakes mended, as far as they are known ones.
    private func pairs(_ control: Control) -> String? {
        if let keyword = Likeness.nearest(to: control.text, among: StackSuggestions.controls) { return keyword }
        let words = PAMResult.allCases.map(\.rawValue) + ["default"]
        let actions = ["ignore", "ok", "done", "bad", "die", "reset"]
        var pairs: [String] = []
        for pair in control.text.split(whereSeparator: { $0 == " " || $0 == "\t" }) {
            let parts = pair.split(separator: "=", omittingEmptySubsequences: false).map { $0.lowercased() }
            guard parts.count == 2, let name = Likeness.nearest(to: parts[0], among: words),
                let action = Int(parts[1]).map({ $0 > 0 ? String($0) : "ok" })
                    ?? Likeness.nearest(to: parts[1], among: actions)
            else { return nil }
            pairs.append("\(name)=\(action)")
        }
        return pairs.isEmpty ? nil : "[\(pairs.joined(separator: " "))]"
    }
}
