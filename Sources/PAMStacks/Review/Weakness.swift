/// What is wrong with a stack that our module is in, by the step where it is wrong.
enum Weakness: Hashable, Sendable {
    /// Whoever is let through here never comes to our line.
    case goesPast(Int, inSuccess: Bool, proved: Bool)
    /// A refusal of ours does not count.
    case refusalIgnored(Int)
    /// A later line takes a refusal of ours back.
    case refusalTakenBack(Int)
    /// Our line asks although this one has failed already.
    case askedInVain(Int)
    /// This factor may fail, and ours alone is enough.
    case factorNotNeeded(Int)
    /// Our line asks again, for a code that has been spent.
    case askedTwice(Int)
    /// `exempt=success` on a line that passes others over when it succeeds.
    case exemptJumps(Int)
    /// An argument that our module does not know.
    case unknownArgument(Int, String)
    /// Our module is not where libpam looks for it.
    case moduleMissing(Int)
    /// Nobody gets in, whatever he has; the step is where that is decided, nil where nothing ever counts.
    case nobody(Int?)
    /// There are more ways through it than could be followed; our first line stands for it.
    case unclear(Int)
    /// Who is exempt is refused all the same.
    case exemptRefused(Int)
    /// Nobody has given a password when our line is come to, and the policy wants one: nobody is asked for a code.
    case noEvidence(Int)
    /// The same for a program of which nothing is known: one that runs as the user needs no password.
    case perhapsNoEvidence(Int)

    /// The weaknesses of a stack, each once, in the order of its lines. `exempts`: whether the policy lets anybody off.
    static func all(of stack: Stack, exempts: Bool, isMissing: @escaping (StackStep) -> Bool) -> [Weakness] {
        let walk = StackWalk(stack.steps, isMissing: isMissing)
        let hasFactor = stack.steps.indices.contains { walk.kind(of: $0) == .factor }
        // What was seen of it says nothing about the rest.
        guard !walk.isCut else { return [.unclear(stack.ours.first ?? 0)] }
        var found: Set<Weakness> = []
        for (way, trace) in walk.endings where way.isSuccess {
            switch way.ours {
            case .notAsked:
                for passing in trace.passedBy {
                    found.insert(
                        .goesPast(
                            passing.step, inSuccess: passing.inSuccess, proved: way.proof == .proved || !hasFactor))
                }
            case .refused:
                found.formUnion(
                    way.isTakenBack
                        ? trace.resetBy.map(Weakness.refusalTakenBack) : trace.refusedAt.map(Weakness.refusalIgnored))
            case .exempt, .granted:
                if way.proof == .failed { found.formUnion(trace.failedFactor.map(Weakness.factorNotNeeded)) }
            }
        }
        for (way, trace) in walk.askings {
            if way.ours == .granted, way.dispatch.impression == .positive {
                found.insert(.askedTwice(way.dispatch.index))
            }
            for step in trace.negativeBy where !isMissing(stack.steps[step]) {
                switch walk.kind(of: step) {
                case .factor: found.insert(.askedInVain(step))
                case .deny where way.proof == .failed && stack.steps[step].kind == .module:
                    found.insert(.askedInVain(step))
                case _: break
                }
            }
        }
        found.formUnion(fixed(stack, isMissing))
        found.formUnion(lockouts(stack, exempts: exempts, isMissing))
        return found.sorted { ($0.step ?? -1, $0.rank) < ($1.step ?? -1, $1.rank) }
    }

    /// The longest path of a socket (unix(7)), and the longest `provider=` that fits into what the daemon is sent.
    private static let longest = ["socket=": 107, "provider=": 119]

    /// Which arguments our module refuses, by index: whatever it does not know, what is said twice, and a value that it
    /// cannot take (pam_twostep(8)).
    static func unknownArguments(_ arguments: [String]) -> [Int] {
        var told: Set<String> = []
        return arguments.indices.filter { index in
            let argument = arguments[index]
            if argument == "exempt=success" { return !told.insert(argument).inserted }
            guard let key = longest.keys.first(where: { argument.hasPrefix($0) }), let most = longest[key],
                told.insert(key).inserted
            else { return true }
            let value = argument.utf8.dropFirst(key.utf8.count)
            guard !value.isEmpty, value.count <= most, value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                return true
            }
            return key == "socket=" && (value.first != UInt8(ascii: "/") || isOpenToAll(String(argument.dropFirst(7))))
        }
    }

    /// Whether a socket lies where everybody may make one: our module follows no path through such a folder.
    private static func isOpenToAll(_ path: String) -> Bool {
        ["/tmp/", "/var/tmp/", "/dev/shm/"].contains { path.hasPrefix($0) }
    }

    /// Whether nothing before our line asks for a password, where the program can have proved nothing itself; nil if
    /// something does, and for programs that may have, as sshd has with a key.
    static func withoutEvidence(_ stack: Stack) -> Weakness? {
        let door = Door.all.first { $0.service == stack.service }
        // Being the user is evidence, and that is what a screen locker runs as.
        guard let ours = stack.ours.first, !stack.asksBefore, door?.mayHaveProved != true,
            !UnknownServices.isLocker(stack.service)
        else { return nil }
        // These may ask for one as well.
        let asking = ["pam_exec.so", "pam_mount.so", "pam_gnome_keyring.so", "pam_ecryptfs.so"]
        guard !stack.steps.prefix(ours).contains(where: { asking.contains($0.line.module ?? "") }) else { return nil }
        return door == nil ? .perhapsNoEvidence(ours) : .noEvidence(ours)
    }

    /// What our own lines say.
    private static func fixed(_ stack: Stack, _ isMissing: (StackStep) -> Bool) -> [Weakness] {
        stack.ours.flatMap { index in
            let step = stack.steps[index]
            var found: [Weakness] = isMissing(step) ? [.moduleMissing(index)] : []
            let arguments = step.line.arguments
            found += unknownArguments(arguments).map { Weakness.unknownArgument(index, arguments[$0]) }
            guard step.line.arguments.contains("exempt=success") else { return found }
            switch step.control[.success] {
            case .jump, .done: if index + 1 < stack.steps.count { found.append(.exemptJumps(index)) }
            case _: break
            }
            return found
        }
    }

    private static func lockouts(
        _ stack: Stack, exempts: Bool, _ isMissing: @escaping (StackStep) -> Bool
    ) -> [Weakness] {
        guard !stack.ours.contains(where: { isMissing(stack.steps[$0]) }) else { return [] }
        let well = StackWalk(stack.steps, suppose: .allIsWell, isMissing: isMissing)
        guard !well.isCut else { return [.unclear(stack.ours.first ?? 0)] }
        guard well.endings.keys.contains(where: \.isSuccess) else {
            return [.nobody(well.endings.values.flatMap(\.negativeBy).min())]
        }
        guard exempts, let ours = stack.ours.first else { return [] }
        let exempt = StackWalk(stack.steps, suppose: .exempt, isMissing: isMissing)
        return exempt.endings.keys.contains { $0.isSuccess && $0.ours >= .exempt } ? [] : [.exemptRefused(ours)]
    }

    /// Where it is; nil for the stack as a whole.
    var step: Int? {
        switch self {
        case .goesPast(let step, _, _), .refusalIgnored(let step), .refusalTakenBack(let step),
            .askedInVain(let step), .factorNotNeeded(let step), .askedTwice(let step), .exemptJumps(let step),
            .unknownArgument(let step, _), .moduleMissing(let step), .unclear(let step), .exemptRefused(let step),
            .noEvidence(let step), .perhapsNoEvidence(let step):
            step
        case .nobody(let step): step
        }
    }

    /// The worst of one line first.
    private var rank: Int {
        switch self {
        case .moduleMissing: 0
        case .unknownArgument: 1
        case .goesPast(_, _, let proved): proved ? 3 : 2
        case .refusalIgnored: 4
        case .refusalTakenBack: 5
        case .factorNotNeeded: 6
        case .askedInVain: 7
        case .askedTwice: 8
        case .exemptJumps: 9
        case .nobody: 10
        case .exemptRefused: 11
        case .unclear: 12
        case .noEvidence, .perhapsNoEvidence: 13
        }
    }
}
