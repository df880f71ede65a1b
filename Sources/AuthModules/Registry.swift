package import Authentication

/// Every kind of module there is. A new one is a file of its own and a row here; nothing else knows it.
package enum ModuleRegistry {
    package static let types: [ModuleType] = [
        TOTPModule.type,
        HOTPModule.type,
        RecoveryCodeModule.type,
        PINModule.type,
        InsecureExampleModule.type,
    ]
}
