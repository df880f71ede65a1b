package import Authentication

/// The kinds of modules and providers that are programs; `runner` starts them, and without one nothing is started.
package enum ProgramRegistry {
    /// The modules; `codes` has what they have sent to people, over all configurations.
    package static func modules(_ runner: (any ProgramRunner)?, _ codes: RunningCodes) -> [ModuleType] {
        [
            ModuleType(name: "command_line", keys: ProgramSettings.keys.union(["setup"])) {
                (id, settings) throws(SettingFailure) in
                let program = try ProgramSettings(settings, of: "the module \(id)")
                return try settings.boolean("setup", default: false)
                    ? EnrollableCommandLineModule(id, program, runner: runner)
                    : CommandLineModule(id, program, runner: runner)
            },
            ModuleType(name: "notify", keys: NotifySettings.keys) { (id, settings) throws(SettingFailure) in
                NotifyModule(id, try NotifySettings(settings, of: "the module \(id)"), codes: codes, runner: runner)
            },
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
