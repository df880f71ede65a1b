package import Authentication
package import SecurityKeyProtocol

/// The kinds of modules that security keys stand behind; `keys` has them asked, and without it none is. What they are made
/// for is `hostName`, where the configuration does not say.
package enum SecurityKeyRegistry {
    package static func modules(_ keys: (any SecurityKeys)?, hostName: String) -> [ModuleType] {
        [
            ModuleType(name: "fido2", keys: FIDO2Terms.keys.union(["max_devices", "prompt"])) {
                (id, settings) throws(SettingFailure) in
                try FIDO2Module(id, settings, keys: keys, hostName: hostName)
            }
        ]
    }
}
