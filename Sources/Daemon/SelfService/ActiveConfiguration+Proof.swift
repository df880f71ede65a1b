import Authentication

/// What a change of devices has to be proved with.
extension ActiveConfiguration {
    /// The steps that somebody who has something with `held` modules passes before a change: as much as any login asks of
    /// them. What they have nothing with is nothing that they could be asked for.
    ///
    /// Of two steps the one that leaves less choice is owed, so that nothing weaker stands in for it. What is issued with a
    /// first device is no choice but a substitute, wherever one of its steps takes it.
    func stepsToProve(holding held: Set<ModuleID>) -> [Step] {
        let people = modulesOfPeople
        let own = Set(people.map(\.id)).intersection(held)
        let issued = Set(people.filter(\.isIssuedWithFirstDevice).map(\.id))
        var cores: [Set<ModuleID>] = []
        var choices: [Set<ModuleID>: [ModuleID]] = [:]
        for step in policy.steps {
            let alternatives = step.alternatives.filter { own.contains($0) }
            guard !alternatives.isEmpty else { continue }
            let chosen = Set(alternatives).subtracting(issued)
            let core = chosen.isEmpty ? Set(alternatives) : chosen
            if choices[core] == nil { cores.append(core) }
            let known = choices[core, default: []]
            choices[core] = known + alternatives.filter { !known.contains($0) }
        }
        return cores.compactMap { core in
            guard !cores.contains(where: { $0.isStrictSubset(of: core) }) else { return nil }
            return choices[core].flatMap { Step(anyOf: $0) }
        }
    }

    /// Whether a device with `module` would pass a step that nothing passes which an account has with `held` modules. Whoever
    /// sets that up can log in with less than a login owes: their word that they have the rest is none.
    func fillsGap(_ module: ModuleID, holding held: Set<ModuleID>) -> Bool {
        policy.steps.contains { $0.alternatives.contains(module) && held.isDisjoint(with: $0.alternatives) }
    }

    /// Whether there is such a step.
    func hasGap(holding held: Set<ModuleID>) -> Bool {
        modulesOfPeople.contains { fillsGap($0.id, holding: held) }
    }

    /// Whether an account that has something with `others` alone passes every step that it may have passed with `module`.
    func isReplaceable(_ module: ModuleID, by others: Set<ModuleID>) -> Bool {
        let issued = Set(AdminDesk.enrollable(self).filter(\.isIssuedWithFirstDevice).map(\.id))
        // What is issued with a device is no substitute for one.
        let substitutes = others.filter { !$0.isStopgap && (issued.contains(module) || !issued.contains($0)) }
        let steps = policy.steps.filter { $0.alternatives.contains(module) }
        guard !steps.isEmpty else { return !substitutes.isEmpty }
        return steps.allSatisfy { $0.alternatives.contains { substitutes.contains($0) } }
    }
}
