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
        let common: Set<String> = ["id", "modules", "name", "type"]
        guard let typed = typed(item, "a provider", among: providerTypes.keys.sorted()) else { return }
        guard let type = typed.type.flatMap({ providerTypes[$0] }) else {
            let known = providerTypes.values.reduce(into: common) { $0.formUnion($1.keys) }
            let values = untyped(typed, "a provider", common, known: known, ProviderKind.self)
            if let name = values["name"] { _ = text(name, "name") }
            if let modules = values["modules"] { _ = readSteps(modules, { reading, item in reading.readModule(item) }) }
            return
        }
        guard let values = map(typed.map, "the provider \(type.name)", keys: type.keys.union(common)) else { return }
        let named = identity(values["id"], type.name, ProviderKind.self)
        var isNew = false
        if let named {
            let earlier = places.providers[named]
            isNew = earlier == nil
            if let earlier, !typed.isGuessed {
                refuse(item, "the provider \(named) again", expected: "it once: it stands in line \(earlier.line)")
            }
            if isNew { places.providers[named] = item.place }
        }
        let name = values["name"].flatMap { text($0, "name") }
        let steps = values["modules"].map { readSteps($0, { reading, item in reading.readModule(item) }) } ?? []
        // Whatever went wrong: without the steps that it names, a provider would let people in with fewer.
        if values["modules"] != nil, steps == nil, problems.isEmpty { refuse(item, "modules that cannot be read") }
        var own = values.filter { !common.contains($0.key) }
        for (key, section) in type.sections where own[key] == nil { own[key] = sections[section]?[key] }
        let provider = made(of: own, at: item.place) { (settings) throws(SettingFailure) in
            try type.make(named ?? ProviderID(type.name), settings)
        }
        guard let provider, let named, isNew else { return }
        providers[named] = provider
        names[named] = name
        chains.append(
            ProviderChain(
                provider: named, livesOnEvidence: provider.livesOnEvidence,
                speaksOfAccounts: provider.speaksOfAccounts, steps: steps ?? []))
        if provider.livesOnEvidence, values["modules"] == nil {
            warn(item.place, "the provider \(named) without modules: whoever has a first factor is let in")
        }
    }

    // MARK: Warnings

    /// A menu is chosen from by strangers: where its entries owe different modules, they take the weakest.
    private mutating func warnAboutMenu(_ setting: Setting) {
        guard problems.isEmpty else { return }
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
