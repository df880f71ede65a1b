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
    var problems: [Problem] = []
    var warnings: [Problem] = []

    var chains: [ProviderChain] = []
    var providers: [ProviderID: any AuthProvider] = [:]
    var names: [ProviderID: String] = [:]
    var modules: [ModuleID: any AuthModule] = [:]
    /// The settings that each module was first met with, its type and id left out.
    var moduleSettings: [ModuleID: Setting] = [:]
    var places: Configuration.Places

    init(
        file: String, moduleTypes: [String: ModuleType], providerTypes: [String: ProviderType], allowsInsecure: Bool
    ) {
        self.file = file
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
        problems.append(
            Problem(
                file: file, line: place.line, column: place.column, found: found, expected: expected,
                suggestion: suggestion))
    }

    mutating func refuse(_ failure: SettingFailure) {
        refuse(Place(line: failure.line, column: failure.column), failure.explanation)
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
        for entry in entries {
            if keys.contains(entry.key) {
                values[entry.key] = entry.value
            } else {
                refuse(
                    entry.place, "the key '\(entry.key)' in \(what)", expected: Reading.words(keys),
                    suggestion: Nearness.suggestion(for: entry.key, among: keys))
            }
        }
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

extension Setting {
    var place: Place { Place(line: line, column: column) }

    /// Whether both say the same, wherever they stand; the order of a map's keys says nothing.
    func says(_ other: Setting) -> Bool {
        switch (value, other.value) {
        case (.text, .text), (.nothing, .nothing): return value == other.value
        case (.list(let mine), .list(let theirs)):
            return mine.count == theirs.count && zip(mine, theirs).allSatisfy { $0.says($1) }
        case (.map(let mine), .map(let theirs)):
            let others = Dictionary(theirs.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
            return mine.count == theirs.count
                && mine.allSatisfy { entry in others[entry.key].map { entry.value.says($0) } ?? false }
        case (.text, _), (.list, _), (.map, _), (.nothing, _): return false
        }
    }
}

extension Setting.Entry {
    var place: Place { Place(line: line, column: column) }
}
