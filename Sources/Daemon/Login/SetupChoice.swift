import Authentication

/// What a set-up within a login is of.
enum SetupChoice {
    /// How many first codes there may be at least: a wrong one is no guess, and a new secret for each would have the
    /// person begin anew.
    static let fewestTries = 3

    /// The module that a step is set up with: its first that people enrol with by themselves, wherever they are; nil if there
    /// is none.
    static func module(
        for step: Step, among modules: [ModuleID: any AuthModule]
    ) -> (any EnrollableModule)? {
        step.alternatives.lazy.compactMap { modules[$0] as? any EnrollableModule }
            .first { !$0.isIssuedWithFirstDevice && !$0.needsPresence && !$0.needsParameters }
    }
}
