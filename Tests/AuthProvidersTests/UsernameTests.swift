import AuthProviders
import Authentication
import Testing

@Suite("Names of homeassistant are folded") struct UsernameTests {
    private static func folded(_ typed: String) -> [UInt8]? {
        HomeAssistantProvider(ProviderID("homeassistant")).username(typed).map { Array($0.text.utf8) }
    }

    @Test(arguments: [
        ("alice", "alice"), ("Alice", "alice"), ("  alice", "alice"), ("\t\r\n alice \u{a0}\u{3000}\u{2003}", "alice"),
        ("Alice  B", "alice  b"), ("a", "a"), ("\u{1F511}", "\u{1F511}"), ("ЖАННА", "жанна"), ("山田", "山田"),
        // An accent typed in either way is one name, in composed form.
        ("e\u{301}mile", "\u{e9}mile"), ("\u{c9}MILE", "\u{e9}mile"), ("E\u{301}mile", "\u{e9}mile"),
        ("\u{1100}\u{1161}", "\u{ac00}"), ("\u{212b}", "\u{e5}"), ("\u{212a}", "k"), ("a\u{302}\u{323}", "\u{1ead}"),
        // Unicode's CaseFolding.txt: sharp s, final sigma, long s, dotted and dotless i, Armenian, iota, Cherokee.
        ("STRASSE", "strasse"), ("stra\u{df}e", "strasse"), ("STRA\u{1e9e}E", "strasse"),
        ("\u{39f}\u{3a3}", "\u{3bf}\u{3c3}"), ("\u{3bf}\u{3c2}", "\u{3bf}\u{3c3}"), ("\u{17f}", "s"),
        ("\u{130}", "i\u{307}"), ("\u{131}", "\u{131}"), ("\u{587}", "\u{565}\u{582}"), ("\u{1fb3}", "\u{3b1}\u{3b9}"),
        ("\u{13a0}", "\u{13a0}"), ("\u{ab70}", "\u{13a0}"),
        // Compatibility is no matter of case: these stay what they are.
        ("\u{ff41}", "\u{ff41}"), ("\u{2460}", "\u{2460}"),
    ])
    func `folds case, outer spaces and the form of letters`(typed: String, kept: String) {
        #expect(Self.folded(typed) == Array(kept.utf8))
    }

    @Test(arguments: [
        "", " ", "\t\n", "a/b", "a:b", "/", "a\nb", "a\u{0}b", "a\u{202e}b", "\u{7f}",
        String(repeating: "a", count: 256),
        // Too long once it is folded: two bytes become three.
        String(repeating: "\u{149}", count: 100),
    ])
    func `takes no name that none can have`(typed: String) {
        #expect(Self.folded(typed) == nil)
    }

    @Test func `folds a folded name to itself, whatever scalar is in it`() {
        // All of the basic plane and the one behind it.
        var wrong: [String] = []
        for value in UInt32(0x21)..<0x2_0000 {
            guard let scalar = Unicode.Scalar(value), let name = Self.folded("a\(Character(scalar))") else { continue }
            if Self.folded(String(decoding: name, as: UTF8.self)) != name { wrong.append(String(value, radix: 16)) }
        }
        #expect(wrong.isEmpty)
    }

    @Test(arguments: ["homeassistant", "HomeAssistant", " homeassistant"])
    func `the only name of legacy_api_password is not folded`(typed: String) throws {
        let provider = LegacyAPIPasswordProvider(
            ProviderID("legacy_api_password"), user: try account("homeassistant"))
        #expect(provider.onlyUsername == (try account("homeassistant")))
        #expect((provider.username(typed) != nil) == (typed == "homeassistant"))
    }
}
