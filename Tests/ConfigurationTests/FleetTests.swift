import Authentication
import Configuration
import Testing

@Suite struct FleetTests {
    @Test func `a host has hubs, a bundle, its own callers, and nothing that decides`() throws {
        let read = try Fakes.configuration(
            """
            upstream:
              hubs: [hub1.example.org:7443, '192.0.2.1:7443', '[2001:db8::1]:443']
              bundle: /etc/twostep/host.pem
            callers: {mysql: {services: [mysql], groups: [db]}}

            """)
        #expect(
            read.upstream
                == UpstreamSettings(
                    hubs: [
                        NetworkPlace(host: "hub1.example.org", port: 7443), NetworkPlace(host: "192.0.2.1", port: 7443),
                        NetworkPlace(host: "2001:db8::1", port: 443),
                    ], bundle: "/etc/twostep/host.pem"))
        #expect(read.policy.chains.isEmpty && read.providers.isEmpty && read.modules.isEmpty)
        #expect(read.callers.keys.sorted() == ["mysql"])
        #expect(read.hub == nil)
    }

    @Test func `a hub is an ordinary configuration with a name and places`() throws {
        let read = try Fakes.configuration(
            "auth_providers: [{type: linux}]\nhub: {name: hub1.example.org, listen: '[::]:7443'}\n")
        #expect(
            read.hub == HubSettings(name: "hub1.example.org", listen: [NetworkPlace(host: "::", port: 7443)]))
        #expect(read.upstream == nil)
        #expect(try Fakes.configuration("auth_providers: [{type: linux}]\n").hub == nil)
    }

    @Test(arguments: [
        "auth_providers: [{type: linux}]", "policy: []", "store: {type: sqlite}", "throttle: {}", "issuer: x",
        "sessions: {}", "self_service: {}", "notices: {}", "hub: {name: a, listen: 'b:1'}", "homeassistant: {}",
        "allow_insecure_example: true",
    ])
    func `what decides is refused on a host`(_ section: String) {
        let key = section.prefix { $0 != ":" }
        let host = "upstream: {hubs: 'a:1', bundle: /b}\n"
        #expect(
            Fakes.problems(host + section + "\n") == [
                "config.yaml:2:1: \(key) on a host with upstream, expected no such key: it stands in the configuration of the hubs"
            ])
    }

    @Test(arguments: [
        BadDocument(
            "no hubs", "upstream: {bundle: /b}\n",
            ":1:11: upstream without hubs, expected at least one, as hub1.example.org:7443"),
        BadDocument(
            "an empty list of hubs", "upstream: {hubs: [], bundle: /b}\n",
            ":1:18: hubs is an empty list, expected at least one"),
        BadDocument(
            "no bundle", "upstream: {hubs: 'a:1'}\n",
            ":1:11: upstream without bundle, expected the file that `twostep host add` has written, as "
                + "/etc/twostep/host.pem"),
        BadDocument(
            "a bundle with no place", "upstream: {hubs: 'a:1', bundle: b}\n",
            ":1:33: bundle is 'b', expected an absolute path"),
        BadDocument(
            "a hub twice", "upstream: {hubs: ['a:1', 'a:1'], bundle: /b}\n",
            ":1:26: hubs has 'a:1' twice, expected each once"),
        BadDocument(
            "a hub with no port", "upstream: {hubs: a, bundle: /b}\n",
            ":1:18: hubs has 'a', expected a name or address with a port, as hub1.example.org:7443"),
        BadDocument(
            "a hub without a name", "auth_providers: [{type: linux}]\nhub: {listen: 'a:1'}\n",
            ":2:6: hub without name, expected the name that hosts have in their lists of hubs"),
        BadDocument(
            "a name with a port", "auth_providers: [{type: linux}]\nhub: {name: 'a/b', listen: 'a:1'}\n",
            ":2:13: the hub's name 'a/b', expected a host's name or address, without a port"),
    ]) func `what is wrong with a fleet is said`(_ document: BadDocument) {
        #expect(Fakes.problems(document.text) == document.problems)
    }

    @Test(arguments: [
        "", ":", "a", "a:", ":1", "a:0", "a:65536", "a:+1", "a:1:2", "::1:7443", "[::1]", "[a]:1", "[::1:7443", "a b:1",
        "a_b:1",
        "-a:1", "a:١",
    ]) func `what is no place is none`(_ text: String) { #expect(NetworkPlace(text) == nil) }

    @Test(arguments: ["a:1", "hub1.example.org:65535", "192.0.2.1:7443", "[::]:7443"])
    func `places are written as they are read`(_ text: String) { #expect(NetworkPlace(text)?.description == text) }
}
