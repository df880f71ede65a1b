import Authentication

extension Reading {
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
                let known = problems.count
                guard let id = module(&self, choice) else { continue }
                if problems.count > known {
                    // Perhaps another was meant: it is not compared with the rest.
                    alternatives.append(id)
                } else if let earlier = places[id] {
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
        return list.flatMap { choice in
            guard case .map(let inner) = choice.value, inner.contains(where: { $0.key == "any_of" }) else {
                return [choice]
            }
            refuse(choice, "any_of inside any_of", expected: "modules")
            return alternatives(choice) ?? []
        }
    }

    /// A module as a provider defines it: a map with a type, or the bare name of one.
    mutating func readModule(_ item: Setting) -> ModuleID? {
        let known = moduleTypes.keys.sorted()
        if case .text(let word, _) = item.value {
            let found = knownType(word, item, "a module", among: known)
            if found.type == nil { unknown.insert(word) }
            return found.type.flatMap { made(ModuleID($0), [:], item, isGuessed: found.isGuessed) }
        }
        guard let typed = typed(item, "a module", among: known) else { return nil }
        let common: Set<String> = ["id", "type"]
        guard let type = typed.type.flatMap({ moduleTypes[$0] }) else {
            let known = moduleTypes.values.reduce(into: common) { $0.formUnion($1.keys) }
            _ = untyped(typed, "a module", common, known: known, ModuleKind.self)
            return nil
        }
        guard let values = map(typed.map, "the module \(type.name)", keys: type.keys.union(common)) else { return nil }
        let own = values.filter { !common.contains($0.key) }
        guard let id = identity(values["id"], type.name, ModuleKind.self) else {
            _ = made(of: own, at: item.place) { (settings) throws(SettingFailure) in
                try type.make(ModuleID(type.name), settings)
            }
            return nil
        }
        return made(id, own, item, isGuessed: typed.isGuessed)
    }

    /// Makes a module, or finds it made: the same pair under two providers is one module, with one set of settings.
    private mutating func made(
        _ id: ModuleID, _ values: [String: Setting], _ item: Setting, isGuessed: Bool
    ) -> ModuleID? {
        guard let type = moduleTypes[id.type] else { return nil }
        let settings = Setting(
            .map(
                values.sorted { $0.key < $1.key }.map {
                    Setting.Entry(key: $0.key, line: $0.value.line, column: $0.value.column, value: $0.value)
                }), line: item.line, column: item.column)
        if !isGuessed {
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
        }
        places.modules[id] = places.modules[id] ?? item.place
        if type.isInsecure {
            if allowsInsecure {
                warn(item.place, "the module \(id) is for demonstrations alone and protects nothing")
            } else {
                refuse(
                    item, "the module \(id), which is for demonstrations and protects nothing",
                    expected: "another module; or allow_insecure_example: true, or the option --allow-insecure-example")
            }
        }
        let module = made(of: values, at: item.place) { (settings) throws(SettingFailure) in
            try type.make(id, settings)
        }
        if let module { modules[id] = module }
        return id
    }
}
