import AuthProviders
import Authentication
import Testing

@Suite struct ProviderRegistryTests {
    @Test func `names each provider once`() {
        #expect(Set(ProviderRegistry.types.map(\.name)).count == ProviderRegistry.types.count)
    }

    @Test(arguments: ProviderRegistry.types.map(\.name))
    func `makes providers of the identity they were asked for`(name: String) throws {
        let type = try #require(ProviderRegistry.types.first { $0.name == name })
        let provider = try type.make(ProviderID(name, id: "work"), Settings())
        #expect(provider.id == ProviderID(name, id: "work"))
        #expect(!provider.refusal.isEmpty && !provider.refusal.contains("\n"))
    }
}
