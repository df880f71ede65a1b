import Authentication

/// Rules that would have something sent to people.
extension Reading {
    /// A login that begins with a message and has no first factor: nothing is sent to a name alone.
    mutating func refuseSending(_ rule: Rule, _ setting: Setting, _ concerned: [ProviderChain]) {
        let first = concerned.compactMap { (rule.steps ?? $0.steps).first }
        guard
            let step = first.first(where: { step in
                step.alternatives.allSatisfy { modules[$0] is any SendingModule }
            })
        else { return }
        refuse(
            setting, "first_factor: none before the step \(step), which sends nothing to whoever has proved nothing",
            expected: "a module before it that sends nothing (totp)")
    }
}
