package import Authentication

/// The kinds of modules and providers that are programs; `runner` starts them, and without one nothing is started.
package enum ProgramRegistry {
    /// The modules.
    package static func modules(_ runner: (any ProgramRunner)?) -> [ModuleType] {
        [
            ModuleType(name: "command_line", keys: ProgramSettings.keys.union(["setup"])) {
                (id, settings) throws(SettingFailure) in
                let program = try ProgramSettings(settings, of: "the module \(id)")
                return try settings.boolean("setup", default: false)
                    ? EnrollableCommandLineModule(id, program, runner: runner)
                    : CommandLineModule(id, program, runner: runner)
            }
        ]
    }

    /// The providers.
    package static func providers(_ runner: (any ProgramRunner)?) -> [ProviderType] {
        [
            ProviderType(name: "command_line", keys: ProgramSettings.keys.union(["create_credentials"])) {
                (id, settings) throws(SettingFailure) in
                CommandLineProvider(
                    id, try ProgramSettings(settings, of: "the provider \(id)"),
                    createsCredentials: try settings.boolean("create_credentials", default: false), runner: runner)
            }
        ]
    }
}
