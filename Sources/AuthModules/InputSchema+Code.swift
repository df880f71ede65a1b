internal import Authentication

extension InputSchema {
    /// The form of a single code, not shown unless `echo_code` says so; `prompt` replaces the label.
    static func code(_ settings: Settings, label: String) throws(SettingFailure) -> InputSchema {
        let isVisible = try settings.boolean("echo_code", default: false)
        return InputSchema([
            InputField(
                name: "code", label: try settings.text("prompt") ?? label, kind: isVisible ? .visible : .secret)
        ])
    }
}
