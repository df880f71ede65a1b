package import Authentication

/// Every kind of provider there is. A new one is a file of its own and a row here; nothing else knows it.
package enum ProviderRegistry {
    package static let types: [ProviderType] = [
        PamProvider.type,
        LinuxProvider.type,
        HomeAssistantProvider.type,
        LegacyAPIPasswordProvider.type,
    ]
}
