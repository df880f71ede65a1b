import Authentication

extension Reading {
    /// Reads the list of providers with their modules.
    mutating func readProviders(_ setting: Setting?) {
        guard let setting else { return }
        guard case .list(let items) = setting.value, !items.isEmpty else {
            refuse(
                setting, "auth_providers is \(setting.isEmptyList ? "an empty list" : setting.found)",
                expected: "a list of at least one provider")
            return
        }
        for item in items { readProvider(item) }
        warnAboutMenu(setting)
    }

    private mutating func readProvider(_ item: Setting) {
        guard let (type, keys) = providerType(of: item) else { return }
        let common: Set<String> = ["id", "modules", "name", "type"]
        guard let values = map(item, "the provider \(type.name)", keys: keys.union(common)) else { return }
        guard let named = identity(values["id"], type.name, ProviderKind.self) else { return }
        if let earlier = places.providers[named] {
            refuse(item, "the provider \(named) again", expected: "it once: it stands in line \(earlier.line)")
            return
        }
        places.providers[named] = item.place
        if let name = values["name"] { names[named] = text(name, "name") }
        let steps = values["modules"].map { readSteps($0, { reading, item in reading.readModule(item) }) } ?? []
        // Whatever went wrong: without the steps that it names, a provider would let people in with fewer.
        if values["modules"] != nil, steps == nil, problems.isEmpty { refuse(item, "modules that cannot be read") }
        do throws(SettingFailure) {
            var own = values.filter { !common.contains($0.key) }
            for (key, section) in type.sections where own[key] == nil { own[key] = sections[section]?[key] }
            let provider = try type.make(named, Settings(own))
            providers[named] = provider
            chains.append(
                ProviderChain(
                    provider: named, livesOnEvidence: provider.livesOnEvidence,
                    speaksOfAccounts: provider.speaksOfAccounts, steps: steps ?? []))
            if provider.livesOnEvidence, values["modules"] == nil {
                warn(item.place, "the provider \(named) without modules: whoever has a first factor is let in")
            }
        } catch {
            refuse(error)
        }
    }

    private mutating func providerType(of item: Setting) -> (ProviderType, Set<String>)? {
        guard let word = typeName(of: item, "a provider", among: providerTypes.keys.sorted()) else { return nil }
        return providerTypes[word].map { ($0, $0.keys) }
    }

    /// The known type that a provider's or a module's map names; nil, and noted, if there is none.
    private mutating func typeName(of item: Setting, _ what: String, among known: [String]) -> String? {
        guard case .map(let entries) = item.value else {
            refuse(item, "\(what) is \(item.found)", expected: "a map with a type")
            return nil
        }
        guard let setting = entries.first(where: { $0.key == "type" })?.value else {
            // A misspelt key is told as what it is; the type is then missing for that reason.
            let near = entries.first { Nearness.suggestion(for: $0.key, among: ["type"]) != nil }
            refuse(
                near?.place ?? item.place, near.map { "the key '\($0.key)' in \(what)" } ?? "\(what) without a type",
                expected: "type: \(Reading.words(known))", suggestion: near.map { _ in "type" })
            return nil
        }
        guard let word = text(setting, "type") else { return nil }
        return knownType(word, setting, what, among: known)
    }

    private mutating func knownType(
        _ word: String, _ setting: Setting, _ what: String, among known: [String]
    ) -> String? {
        guard known.contains(where: { $0.utf8.elementsEqual(word.utf8) }) else {
            refuse(
                setting, "the type '\(word)' for \(what)", expected: Reading.words(known),
                suggestion: Nearness.suggestion(for: word, among: known))
            return nil
        }
        return word
    }

    /// The pair of type and id; nil, and noted, if the id is none.
    private mutating func identity<Kind>(_ id: Setting?, _ type: String, _ kind: Kind.Type) -> Identity<Kind>? {
        guard let id else { return Identity(type) }
        guard case .text(let word, _) = id.value, Reading.isIdentifier(word) else {
            refuse(id, "id is \(id.found)", expected: "1 to 64 letters, digits, '.', '_' or '-'")
            return nil
        }
        return Identity(type, id: word)
    }

    /// What can stand on a PAM line, in a menu and in a log without quotes, and has one spelling alone.
    private static func isIdentifier(_ word: String) -> Bool {
        (1...64).contains(word.utf8.count)
            && word.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                case _: false
                }
            }
    }

    // MARK: Modules

    /// The steps of a chain: one item or a list, each a module or an `any_of`, no module twice. Nil, and noted,
    /// if anything in it is wrong: a chain is never read with a step fewer.
    mutating func readSteps(
        _ setting: Setting, _ module: (inout Reading, Setting) -> ModuleID?
    ) -> [Step]? {
        var items = [setting]
        if case .list(let list) = setting.value { items = list }
        guard !items.isEmpty else {
            refuse(setting, "modules is an empty list", expected: "at least one module")
            return nil
        }
        var steps: [Step] = []
        var places: [ModuleID: Place] = [:]
        var isWhole = true
        for item in items {
            var alternatives: [ModuleID] = []
            for choice in self.alternatives(item) ?? [] {
                guard let id = module(&self, choice) else { continue }
                if let earlier = places[id] {
                    refuse(
                        choice, "the module \(id) again",
                        expected: "it once in a chain: it stands in line \(earlier.line)")
                } else {
                    places[id] = choice.place
                    alternatives.append(id)
                }
            }
            if let step = Step(anyOf: alternatives) { steps.append(step) } else { isWhole = false }
        }
        return isWhole ? steps : nil
    }

    /// The modules of one step: the item itself, or what stands in its `any_of`. Nil, and noted, if that is broken.
    private mutating func alternatives(_ item: Setting) -> [Setting]? {
        guard case .map(let entries) = item.value, entries.contains(where: { $0.key == "any_of" }) else {
            return [item]
        }
        guard let choices = map(item, "any_of's item", keys: ["any_of"])?["any_of"] else { return nil }
        guard case .list(let list) = choices.value, !list.isEmpty else {
            refuse(
                choices, "any_of is \(choices.isEmptyList ? "an empty list" : choices.found)",
                expected: "a list of at least one module")
            return nil
        }
        for choice in list {
            if case .map(let inner) = choice.value, inner.contains(where: { $0.key == "any_of" }) {
                refuse(choice, "any_of inside any_of", expected: "modules")
                return nil
            }
        }
        return list
    }

    /// A module as a provider defines it: a map with a type, or the bare name of one.
    private mutating func readModule(_ item: Setting) -> ModuleID? {
        let known = moduleTypes.keys.sorted()
        if case .text(let word, _) = item.value {
            guard let word = knownType(word, item, "a module", among: known) else { return nil }
            return made(ModuleID(word), [:], item)
        }
        guard let name = typeName(of: item, "a module", among: known), let type = moduleTypes[name],
            let values = map(item, "the module \(name)", keys: type.keys.union(["id", "type"])),
            let id = identity(values["id"], name, ModuleKind.self)
        else { return nil }
        return made(id, values.filter { $0.key != "id" && $0.key != "type" }, item)
    }

    /// Makes a module, or finds it made: the same pair under two providers is one module, with one set of settings.
    private mutating func made(_ id: ModuleID, _ values: [String: Setting], _ item: Setting) -> ModuleID? {
        let settings = Setting(
            .map(
                values.sorted { $0.key < $1.key }.map {
                    Setting.Entry(key: $0.key, line: $0.value.line, column: $0.value.column, value: $0.value)
                }), line: item.line, column: item.column)
        if let earlier = moduleSettings[id] {
            guard earlier.says(settings) else {
                refuse(
                    item, "the module \(id) with other settings",
                    expected: "those of line \(earlier.line): it is the same module")
                return nil
            }
            return id
        }
        moduleSettings[id] = settings
        places.modules[id] = item.place
        guard let type = moduleTypes[id.type] else { return nil }
        if type.isInsecure, !allowsInsecure {
            refuse(
                item, "the module \(id), which is for demonstrations and protects nothing",
                expected: "another module; or allow_insecure_example: true, or the option --allow-insecure-example")
        }
        do throws(SettingFailure) {
            modules[id] = try type.make(id, Settings(values))
        } catch {
            refuse(error)
        }
        return id
    }

    // MARK: Warnings

    /// A menu is chosen from by strangers: where its entries owe different modules, they take the weakest.
    private mutating func warnAboutMenu(_ setting: Setting) {
        let menu = chains.filter { !$0.livesOnEvidence }
        if let first = menu.first, menu.contains(where: { $0.steps != first.steps }) {
            warn(
                setting.place, "providers to choose from that owe different modules: a stranger takes the weakest",
                expected: "the same modules, or rules that name a provider")
        }
        if chains.count > 1, menu.isEmpty {
            warn(
                setting.place, "several providers that live on evidence: none is chosen by itself",
                expected: "a rule or a PAM line that names one")
        }
    }
}

extension Setting {
    var isEmptyList: Bool { value == .list([]) }
}
