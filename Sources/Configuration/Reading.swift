import Authentication

/// One reading of one file: what has been found so far, right and wrong.
struct Reading {
    let file: String
    let moduleTypes: [String: ModuleType]
    let providerTypes: [String: ProviderType]
    /// Modules for demonstrations are let in.
    var allowsInsecure: Bool
    /// What stands at the top for providers to take, by section and key.
    var sections: [String: [String: Setting]] = [:]
    var problems: [Problem]
    var warnings: [Problem] = []

    var chains: [ProviderChain] = []
    var providers: [ProviderID: any AuthProvider] = [:]
    var names: [ProviderID: String] = [:]
    var modules: [ModuleID: any AuthModule] = [:]
    /// The settings that each module was first met with, its type and id left out.
    var moduleSettings: [ModuleID: Setting] = [:]
    var places: Configuration.Places
    /// Providers and modules of a type that nobody knows, as rules would name them.
    var unknown: Set<String> = []
    /// Nothing was found wrong with the providers, so that they can be compared with what rules say.
    var areProvidersSound = false
    /// Where the document itself is at fault: what was made of that is not judged a second time.
    private let unreadable: Set<Place>

    /// `problems` are those of the document.
    init(
        file: String, moduleTypes: [String: ModuleType], providerTypes: [String: ProviderType], allowsInsecure: Bool,
        problems: [Problem] = []
    ) {
        self.file = file
        self.problems = problems
        unreadable = Set(problems.map { Place(line: $0.line, column: $0.column) })
        self.allowsInsecure = allowsInsecure
        self.moduleTypes = moduleTypes
        self.providerTypes = providerTypes
        places = Configuration.Places(file: file)
    }

    // MARK: Problems

    mutating func refuse(_ setting: Setting, _ found: String, expected: String? = nil, suggestion: String? = nil) {
        refuse(setting.place, found, expected: expected, suggestion: suggestion)
    }

    mutating func refuse(_ place: Place, _ found: String, expected: String? = nil, suggestion: String? = nil) {
        guard !unreadable.contains(place) else { return }
        problems.append(
            Problem(
                file: file, line: place.line, column: place.column, found: found, expected: expected,
                suggestion: suggestion))
    }

    mutating func refuse(_ failure: SettingFailure) {
        refuse(failure, at: Place(line: failure.line, column: failure.column))
    }

    mutating func refuse(_ failure: SettingFailure, at place: Place) {
        let explanation = failure.explanation
        guard let comma = explanation.firstRange(of: ", expected ") else { return refuse(place, explanation) }
        var expected = String(explanation[comma.upperBound...])
        var suggestion: String?
        if let near = expected.firstRange(of: ", did you mean '"), expected.hasSuffix("'?") {
            suggestion = String(expected[near.upperBound...].dropLast(2))
            expected = String(expected[..<near.lowerBound])
        }
        refuse(place, String(explanation[..<comma.lowerBound]), expected: expected, suggestion: suggestion)
    }

    mutating func warn(_ place: Place, _ found: String, expected: String? = nil) {
        warnings.append(
            Problem(file: file, line: place.line, column: place.column, found: found, expected: expected))
    }

    // MARK: Values

    /// The entries of a map that has only these keys, by key; what is wrong is noted. Nil if it is no map.
    mutating func map(_ setting: Setting, _ what: String, keys: Set<String>) -> [String: Setting]? {
        guard case .map(let entries) = setting.value else {
            refuse(setting, "\(what) is \(setting.found)", expected: "a map of \(Reading.words(keys))")
            return nil
        }
        var values: [String: Setting] = [:]
        var misspelt: [(key: String, value: Setting)] = []
        for entry in entries {
            if keys.contains(entry.key) {
                values[entry.key] = entry.value
            } else {
                let suggestion = Nearness.suggestion(for: entry.key, among: keys)
                refuse(
                    entry.place, "the key '\(entry.key)' in \(what)", expected: Reading.words(keys),
                    suggestion: suggestion)
                if let suggestion { misspelt.append((suggestion, entry.value)) }
            }
        }
        // Taken for what was meant, so that what stands there is read too, and not missed as well.
        for (key, value) in misspelt where values[key] == nil { values[key] = value }
        return values
    }

    /// Text that is not empty; nil, and noted, if it is none.
    mutating func text(_ setting: Setting, _ what: String) -> String? {
        guard case .text(let text, _) = setting.value, !text.isEmpty else {
            refuse(setting, "\(what) is \(setting.found)", expected: "text")
            return nil
        }
        return text
    }

    /// One text or a list of them, each once and at least one: an empty list could mean nobody or everybody.
    mutating func texts(_ setting: Setting, _ what: String) -> [(String, Setting)]? {
        guard case .list(let items) = setting.value else { return text(setting, what).map { [($0, setting)] } }
        guard !items.isEmpty else {
            refuse(setting, "\(what) is an empty list", expected: "at least one")
            return nil
        }
        var all: [(String, Setting)] = []
        for item in items {
            guard let text = text(item, what) else { continue }
            if all.contains(where: { $0.0 == text }) {
                refuse(item, "\(what) has '\(text)' twice", expected: "each once")
            }
            all.append((text, item))
        }
        return all.count == items.count ? all : nil
    }

    /// A whole number in `range`, `fallback` if the key is absent; noted if it is anything else.
    mutating func integer(
        _ values: [String: Setting], _ key: String, in range: ClosedRange<Int>, default fallback: Int
    ) -> Int {
        do throws(SettingFailure) {
            return try Settings(values).integer(key, in: range, default: fallback)
        } catch {
            refuse(error)
            return fallback
        }
    }

    /// `true` or `false`, `false` if the key is absent; noted if it is anything else.
    mutating func boolean(_ values: [String: Setting], _ key: String) -> Bool {
        do throws(SettingFailure) {
            return try Settings(values).boolean(key, default: false)
        } catch {
            refuse(error)
            return false
        }
    }

    /// `one of a, b, c`, or the only one.
    static func words(_ words: some Collection<String>) -> String {
        words.count == 1 ? words.joined() : "one of " + words.sorted().joined(separator: ", ")
    }
}
