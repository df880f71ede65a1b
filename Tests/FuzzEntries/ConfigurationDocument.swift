import AuthModules
import AuthProviders
import Authentication
import Configuration

/// The configuration: a document is refused with its reasons, or it is whole: every step that it names can be asked for.
enum ConfigurationDocument {
    private static let reader = ConfigurationReader(
        modules: ModuleRegistry.types + SecurityKeyRegistry.modules(nil, hostName: "host.example"),
        providers: ProviderRegistry.types, hostName: "host.example", allowsInsecure: true
    )

    static func run(_ bytes: [UInt8]) throws(Violation) {
        let read = reader.read(bytes, file: "f")
        switch read {
        case .failure(let problems):
            try promise(!problems.all.isEmpty, "refused for no reason")
            try promise(problems.all.count <= Problems.limit + 1, "\(problems.all.count) reasons")
            for problem in problems.all {
                let words = problem.description
                try promise(isPrintable(words), "not for a journal: \(words.debugDescription)")
                try promise(words.utf8.count < 4096, "a reason of \(words.utf8.count) bytes")
            }
        case .success(let configuration): try judge(configuration, bytes)
        }
        // An editor's mark in front says nothing.
        if !bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            try compare(read, reader.read([0xEF, 0xBB, 0xBF] + bytes, file: "f"), "behind a byte order mark")
        }
        try compare(read, reader.read(bytes, file: "f"), "when it is read again")
    }

    private static func judge(_ configuration: Configuration, _ bytes: [UInt8]) throws(Violation) {
        let policy = configuration.policy
        try promise(!policy.chains.isEmpty, "accepted without a provider")
        for step in policy.steps {
            for id in step.alternatives {
                try promise(configuration.modules[id] != nil, "\(id) is owed and is not there")
            }
        }
        for chain in policy.chains {
            try promise(configuration.providers[chain.provider] != nil, "\(chain.provider) is not there")
        }
        for rule in policy.rules {
            guard let provider = rule.provider else { continue }
            try promise(policy.chains.contains { $0.provider == provider }, "\(provider) of a rule is not there")
        }
        let ids = Set(policy.chains.map(\.provider))
        try promise(ids.count == policy.chains.count, "a provider stands twice")
        try promise((30_000...3_600_000).contains(policy.sessionLifetime), "\(policy.sessionLifetime) ms for an answer")
        // Each step takes a word of its own.
        try promise(policy.steps.count <= bytes.count, "\(policy.steps.count) steps of \(bytes.count) bytes")
    }

    private static func compare(
        _ one: Result<Configuration, Problems>, _ other: Result<Configuration, Problems>, _ when: String
    ) throws(Violation) {
        switch (one, other) {
        case (.success(let one), .success(let other)):
            try promise(one.policy == other.policy, "another policy \(when)")
            try promise(Set(one.modules.keys) == Set(other.modules.keys), "other modules \(when)")
        case (.failure(let one), .failure(let other)):
            try promise(one.all.map(\.found) == other.all.map(\.found), "refused for something else \(when)")
        case _: throw Violation("accepted or refused \(when) alone")
        }
    }
}
