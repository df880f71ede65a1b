import Configuration
import Testing

/// One reading tells all: each mistake once, where it stands, and none that only follows from another.
@Suite struct EveryProblemTests {
    /// What is said, without what was expected.
    static func problems(_ text: String) -> [String] {
        guard case .failure(let problems) = Fakes.reader.read(Array(text.utf8), file: "f") else { return [] }
        return problems.all.map { problem in
            let suggestion = problem.suggestion.map { " -> \($0)" } ?? ""
            return "\(problem.line):\(problem.column) \(problem.found)\(suggestion)"
        }
    }

    @Test func `a document with more than two dozen mistakes has each named once, with its place`() {
        let text = """
            auth_providres:
              - type: pam
                modlues:
                  - topt
                  - any_of:
                      - totp
                      - any_of: [recovery_code]
              - tpye: linux
                id: a
                group: []
              - type: linux
                id: a
                modules:
                  - type: pins
                    users:
                      - {pin: 007}
                      - {pin: '1'}
                      - {pin: 8}
                  - digits: 8
              - type: ldap
                id: no id
                modules: [totpp, yubikey]
            policy:
              - match: {service: sudo, usr: ann}
                tires: 11
              - exempt: yes
                provider: ldap
                modules: [yubikey, recovery_cod]
            throttle: {free: 100, lock_at: 0}
            sessions: {lifetime: 1, capacity: 1}
            callers: {root: {}, mysql: {services: []}}
            issuer: a:b
            sotre: {type: sqlit}

            """
        #expect(
            EveryProblemTests.problems(text) == [
                "1:1 the key 'auth_providres' in the configuration -> auth_providers",
                "3:5 the key 'modlues' in the provider pam -> modules",
                "4:9 the type 'topt' for a module -> totp",
                "7:13 any_of inside any_of",
                "8:5 the key 'tpye' in a provider -> type",
                "10:12 group is a list",
                "11:5 the provider linux:a again",
                "16:13 pin is no quoted text",
                "18:13 pin is no quoted text",
                "19:9 a module without a type",
                "20:11 the type 'ldap' for a provider",
                "21:9 id is 'no id'",
                "22:15 the type 'totpp' for a module -> totp",
                "22:22 the type 'yubikey' for a module",
                "24:28 the key 'usr' in match -> user",
                "25:5 the key 'tires' in a rule -> tries",
                "25:12 tries is '11'",
                "26:5 a rule without match",
                "26:13 exempt is 'yes'",
                "28:24 the module 'recovery_cod', which is not configured -> recovery_code",
                "29:18 free is '100'",
                "29:32 lock_at is '0'",
                "30:22 lifetime is '1'",
                "30:35 capacity is '1'",
                "31:11 the caller 'root'",
                "31:21 the caller 'mysql' without groups",
                "31:39 services is an empty list",
                "32:9 issuer is 'a:b'",
                "33:1 the key 'sotre' in the configuration -> store",
                "33:15 the store type 'sqlit' -> sqlite",
            ])
    }

    @Test func `what is wrong with the document itself hides nothing else, and is not told twice`() {
        let text = """
            auth_providers:
              - type: &a pam
                modules: *a
              - type: linux
                type: pam
                name: "a\\x1bb"
                modlues: totp
            policy: !!seq []

            """
        #expect(
            EveryProblemTests.problems(text) == [
                "2:11 an anchor (&)",
                "3:14 an alias (*)",
                "5:5 the key 'type' again",
                "6:11 a text with control characters",
                "7:5 the key 'modlues' in the provider linux -> modules",
                "8:9 the tag tag:yaml.org,2002:seq",
            ])
    }

    @Test func `what no text may have is told for each line`() {
        #expect(
            EveryProblemTests.problems("a: \u{1}\u{2}\nb: c\nd: \u{202E}\n") == [
                "1:4 the character U+0001", "3:4 the character U+202E",
            ])
    }

    @Test(arguments: [
        // A type that is misspelt is the one that was meant, for rules as well.
        "auth_providers: [{type: linus, modules: totp}]\npolicy: [{match: {}, provider: linux, modules: totp}]\n",
        "auth_providers: [{tpye: pam, modules: totp}]\npolicy: [{match: {}, provider: pam}]\n",
        "auth_providers: [{type: pam, modules: topt}]\npolicy: [{match: {}, modules: totp}]\n",
        "auth_providers: [{type: pam, modules: topt}, {type: linux, modules: {type: totp, digits: 8}}]\n",
        "auth_providers: [{type: pam, modules: [topt, totp]}]\n",
        "auth_providers: [{type: linux}, {type: linus}]\n",
        // One of no known type is known to the rules all the same.
        "auth_providers: [{type: ldap, id: x}]\npolicy: [{match: {}, provider: 'ldap:x'}]\n",
        "auth_providers: [{type: pam, modules: yubikey}]\npolicy: [{match: {}, modules: yubikey}]\n",
        "homeassistant: {auth_provders: [{type: linux}]}\n",
        "auth_providers: [{type: pam, modules: {type: pins, users: [{pin: 1}]}}]\n",
        "policy: [{match: {}, first_factor: none}]\nauth_providers: [{type: ldap}]\n",
    ]) func `what follows from one mistake is no other`(_ text: String) {
        #expect(EveryProblemTests.problems(text).count == 1, "\(EveryProblemTests.problems(text))")
    }

    @Test func `a key that is near to one that stands there is not taken for it`() {
        #expect(
            EveryProblemTests.problems("auth_providers: [{type: pam, modules: totp, moduls: nothing}]\n") == [
                "1:45 the key 'moduls' in the provider pam -> modules"
            ])
    }
}
