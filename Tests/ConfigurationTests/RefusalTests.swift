import Authentication
import Configuration
import Testing

/// A document, and everything that is said against it.
struct BadDocument: Sendable, CustomTestStringConvertible {
    let what: String
    let text: String
    let problems: [String]

    init(_ what: String, _ text: String, _ problems: String...) {
        self.what = what
        self.text = text
        self.problems = problems.map { "config.yaml" + $0 }
    }

    var testDescription: String { what }
}

@Suite struct RefusalTests {
    static let shapes = [
        BadDocument("empty", "", ": nothing, expected a map with auth_providers"),
        BadDocument("comment only", "# none yet\n", ": nothing, expected a map with auth_providers"),
        BadDocument("null", "~\n", ": nothing, expected a map with auth_providers"),
        BadDocument(
            "a word", "hello\n",
            ":1:1: the configuration is 'hello', expected a map of one of allow_insecure_example, auth, auth_providers, "
                + "callers, homeassistant, hub, issuer, notices, policy, self_service, sessions, store, throttle, upstream"
        ),
        BadDocument(
            "no providers", "store: {type: sqlite}\n",
            ":1:1: no auth_providers, expected a list of at least one provider"),
        BadDocument(
            "empty list", "auth_providers: []\n",
            ":1:17: auth_providers is an empty list, expected a list of at least one provider"),
        BadDocument(
            "nothing after the colon", "auth_providers:\n",
            ":1:16: auth_providers is nothing, expected a list of at least one provider"),
        BadDocument(
            "a map for the list", "auth_providers: {type: pam}\n",
            ":1:17: auth_providers is a map, expected a list of at least one provider"),
        BadDocument(
            "a word for a provider", "auth_providers: [pam]\n",
            ":1:18: a provider is 'pam', expected a map with a type"),
        BadDocument(
            "both forms", "homeassistant:\n  auth_providers: [{type: linux}]\nauth_providers: [{type: linux}]\n",
            ":3:17: auth_providers twice, expected one list: another stands under homeassistant in line 2"),
        BadDocument(
            "the old form without a list", "homeassistant: {}\n",
            ":1:16: homeassistant has no auth_providers, expected a list of providers"),
        BadDocument(
            "auth with a value", "auth: 1\nauth_providers: [{type: linux}]\n",
            ":1:7: auth is '1', expected nothing: the key is read for the old form's sake"),
        BadDocument(
            "a key twice", "auth_providers: [{type: linux}]\nauth_providers: [{type: pam}]\n",
            ":2:1: the key 'auth_providers' again, expected it once: it stands in line 1"),
        BadDocument(
            "a key twice, once in quotes", "auth_providers:\n  - type: linux\n    'type': pam\n",
            ":3:5: the key 'type' again, expected it once: it stands in line 2"),
        BadDocument(
            "two documents", "auth_providers: [{type: linux}]\n---\nauth_providers: [{type: linux}]\n",
            ":2:1: a second document, expected one document in one file"),
        BadDocument(
            "an alias", "auth_providers: &all [{type: linux}]\npolicy: *all\n",
            ":1:17: an anchor (&), expected plain values: neither anchors nor aliases",
            ":2:9: an alias (*), expected plain values: neither anchors nor aliases"),
        BadDocument(
            "a merge key", "auth_providers: [{type: linux, <<: {id: a}}]\n",
            ":1:32: the key '<<' in the provider linux, expected one of group, id, modules, name, type"),
        BadDocument(
            "a tag", "auth_providers: [{type: !!str linux}]\n",
            ":1:25: the tag tag:yaml.org,2002:str, expected plain values: no tags"),
        BadDocument(
            "a bare tag", "auth_providers: [{type: ! linux}]\n",
            ":1:25: the tag !, expected plain values: no tags"),
        BadDocument(
            "a list as a key", "? [a]\n: b\nauth_providers: [{type: linux}]\n",
            ":1:3: a list as a key, expected a word"),
        BadDocument(
            "a tab for indentation", "auth_providers:\n\t- type: linux\n",
            ":2:1: not YAML: found character that cannot start any token while scanning for the next token"),
        BadDocument(
            "an open bracket", "auth_providers: [{type: linux}\n",
            ":2:1: not YAML: did not find expected ',' or ']' while parsing a flow sequence"),
        BadDocument("a NUL", "auth_\u{0}providers:\n", ":1:6: the character U+0000, expected printable text"),
        BadDocument("an escape", "# \u{1B}[31m\n", ":1:3: the character U+001B, expected printable text"),
        BadDocument("a turn of direction", "a: b\n# \u{202E}\n", ":2:3: the character U+202E, expected printable text"),
        BadDocument("a lone carriage return", "a: b\rc: d\n", ":1:6: a carriage return without a line feed"),
        BadDocument(
            "a control byte by escape", "auth_providers: [{type: linux, name: \"a\\x1bb\"}]\n",
            ":1:38: a text with control characters, expected printable text in one line"),
        BadDocument(
            "two lines in one value", "auth_providers: [{type: linux, name: \"a\\nb\"}]\n",
            ":1:38: a text with control characters, expected printable text in one line"),
        BadDocument(
            "several at once", "auth_provders: []\nstore: {type: sqlit}\n",
            ":1:1: the key 'auth_provders' in the configuration, expected one of allow_insecure_example, auth, "
                + "auth_providers, callers, homeassistant, hub, issuer, notices, policy, self_service, sessions, store, "
                + "throttle, upstream; did you mean "
                + "'auth_providers'?",
            ":1:16: auth_providers is an empty list, expected a list of at least one provider",
            ":2:15: the store type 'sqlit', expected one of postgresql, sqlite; did you mean 'sqlite'?"),
    ]

    static let providers = [
        BadDocument(
            "unknown type", "auth_providers:\n  - type: linus\n",
            ":2:11: the type 'linus' for a provider, expected one of broken, linux, pam; did you mean 'linux'?"),
        BadDocument(
            "a type far from all", "auth_providers:\n  - type: homeassistant\n",
            ":2:11: the type 'homeassistant' for a provider, expected one of broken, linux, pam"),
        BadDocument(
            "missing type", "auth_providers:\n  - id: x\n",
            ":2:5: a provider without a type, expected type: one of broken, linux, pam"),
        BadDocument(
            "misspelt type", "auth_providers:\n  - tpye: linux\n",
            ":2:5: the key 'tpye' in a provider, expected type: one of broken, linux, pam; did you mean 'type'?"),
        BadDocument("a type that is nothing", "auth_providers:\n  - type:\n", ":2:10: type is nothing, expected text"),
        BadDocument(
            "misspelt modules", "auth_providers:\n  - type: linux\n    modlues: totp\n",
            ":3:5: the key 'modlues' in the provider linux, expected one of group, id, modules, name, type; "
                + "did you mean 'modules'?"),
        BadDocument(
            "an unknown key with nothing", "auth_providers:\n  - type: pam\n    group:\n    modules: totp\n",
            ":3:5: the key 'group' in the provider pam, expected one of id, modules, name, type"),
        BadDocument(
            "a provider twice", "auth_providers:\n  - type: linux\n  - type: linux\n",
            ":3:5: the provider linux again, expected it once: it stands in line 2"),
        BadDocument(
            "a provider with an id twice",
            "auth_providers:\n  - type: linux\n    id: a\n  - type: linux\n    id: 'a'\n",
            ":4:5: the provider linux:a again, expected it once: it stands in line 2"),
        BadDocument(
            "an empty id", "auth_providers: [{type: linux, id: ''}]\n",
            ":1:36: id is the text '', expected 1 to 64 letters, digits, '.', '_' or '-'"),
        BadDocument(
            "an id with a colon", "auth_providers: [{type: linux, id: 'a:b'}]\n",
            ":1:36: id is the text 'a:b', expected 1 to 64 letters, digits, '.', '_' or '-'"),
        BadDocument(
            "an id that is nothing", "auth_providers: [{type: linux, id: }]\n",
            ":1:36: id is nothing, expected 1 to 64 letters, digits, '.', '_' or '-'"),
        BadDocument(
            "what the type refuses", "auth_providers: [{type: linux, group: []}]\n",
            ":1:39: group is a list, expected text"),
    ]

    static let modules = [
        BadDocument(
            "unknown type", "auth_providers:\n  - type: linux\n    modules:\n      - topt\n      - type: pin\n",
            ":4:9: the type 'topt' for a module, expected one of broken, pins, recovery_code, totp; "
                + "did you mean 'totp'?",
            ":5:15: the type 'pin' for a module, expected one of broken, pins, recovery_code, totp; "
                + "did you mean 'pins'?"
        ),
        BadDocument(
            "missing type", "auth_providers: [{type: linux, modules: [{digits: 6}]}]\n",
            ":1:42: a module without a type, expected type: one of broken, pins, recovery_code, totp"),
        BadDocument(
            "unknown key", "auth_providers:\n  - type: linux\n    modules:\n      type: totp\n      diigts: 6\n",
            ":5:7: the key 'diigts' in the module totp, expected one of digits, id, type, window; "
                + "did you mean 'digits'?"
        ),
        BadDocument(
            "nothing", "auth_providers:\n  - type: linux\n    modules:\n",
            ":3:13: a module is nothing, expected a map with a type"),
        BadDocument(
            "empty list", "auth_providers: [{type: linux, modules: []}]\n",
            ":1:41: modules is an empty list, expected at least one module"),
        BadDocument(
            "a list in the list", "auth_providers: [{type: linux, modules: [[totp]]}]\n",
            ":1:42: a module is a list, expected a map with a type"),
        BadDocument(
            "a module twice", "auth_providers:\n  - type: linux\n    modules:\n      - totp\n      - type: totp\n",
            ":5:9: the module totp again, expected it once in a chain: it stands in line 4"),
        BadDocument(
            "a module twice, once as an alternative",
            "auth_providers:\n  - type: linux\n    modules:\n      - totp\n      - any_of: [recovery_code, totp]\n",
            ":5:33: the module totp again, expected it once in a chain: it stands in line 4"),
        BadDocument(
            "any_of inside any_of", "auth_providers: [{type: linux, modules: {any_of: [{any_of: [totp]}]}}]\n",
            ":1:51: any_of inside any_of, expected modules"),
        BadDocument(
            "an empty any_of", "auth_providers: [{type: linux, modules: {any_of: []}}]\n",
            ":1:50: any_of is an empty list, expected a list of at least one module"),
        BadDocument(
            "any_of with one word", "auth_providers: [{type: linux, modules: {any_of: totp}}]\n",
            ":1:50: any_of is 'totp', expected a list of at least one module"),
        BadDocument(
            "any_of beside a type", "auth_providers: [{type: linux, modules: {any_of: [totp], type: totp}}]\n",
            ":1:58: the key 'type' in any_of's item, expected any_of"),
        BadDocument(
            "one module, two settings",
            """
            auth_providers:
              - type: linux
                modules: {type: totp, digits: 8}
              - type: pam
                modules: totp

            """, ":5:14: the module totp with other settings, expected those of line 3: it is the same module"),
        BadDocument(
            "an unquoted pin",
            "auth_providers:\n  - type: linux\n    modules:\n      type: pins\n      users: [{pin: 007}]\n",
            ":5:15: pin is no quoted text, expected one like '007'"),
        BadDocument(
            "a number that YAML knows and we do not",
            "auth_providers: [{type: linux, modules: {type: totp, digits: 0o6}}]\n",
            ":1:62: digits is '0o6', expected a whole number from 6 to 8"),
        BadDocument(
            "a number in quotes", "auth_providers: [{type: linux, modules: {type: totp, digits: '6'}}]\n",
            ":1:62: digits is the text '6', expected a whole number from 6 to 8"),
    ]

    static let policies = [
        BadDocument("no list", "policy: {}\n", ":1:9: policy is a map, expected a list of rules"),
        BadDocument("nothing", "policy:\n", ":1:8: policy is nothing, expected a list of rules"),
        BadDocument(
            "no match", "policy: [{exempt: true}]\n",
            ":1:10: a rule without match, expected match: {service: …, user: …}, or match: {} for every login"),
        BadDocument(
            "a rule's key that is none", "policy: [{match: {service: sudo}, remembr: 15m}]\n",
            ":1:35: the key 'remembr' in a rule, expected one of code_digits, conversation, echo, enroll_until, "
                + "exempt, first_factor, match, modules, prompt, provider, remember, session, ssh_key, ticket, tries, unenrolled; did you mean 'remember'?"
        ),
        BadDocument(
            "times that are none",
            "policy: ["
                + ["15", "m", "1.5h", "-5m", "05m", "59s", "13h", "99999999999999999999h", "15 m", "15M"]
                .map { "{match: {user: ann}, remember: \($0)}" }.joined(separator: ",\n") + "]\n",
            ":1:41: remember is '15', expected a time from 1m to 12h, as in 15m, 2h or 900s",
            ":2:32: remember is 'm', expected a time from 1m to 12h, as in 15m, 2h or 900s",
            ":3:32: remember is '1.5h', expected a time from 1m to 12h, as in 15m, 2h or 900s",
            ":4:32: remember is '-5m', expected a time from 1m to 12h, as in 15m, 2h or 900s",
            ":5:32: remember is '05m', expected a time from 1m to 12h, as in 15m, 2h or 900s",
            ":6:32: remember is '59s', expected a time from 1m to 12h, as in 15m, 2h or 900s",
            ":7:32: remember is '13h', expected a time from 1m to 12h, as in 15m, 2h or 900s",
            ":8:32: remember is '99999999999999999999h', expected a time from 1m to 12h, as in 15m, 2h or 900s",
            ":9:32: remember is '15 m', expected a time from 1m to 12h, as in 15m, 2h or 900s",
            ":10:32: remember is '15M', expected a time from 1m to 12h, as in 15m, 2h or 900s"),
        BadDocument(
            "a key that counts as something else",
            "policy: [{match: {service: sshd}, ssh_key: second-factor}]\n",
            ":1:44: ssh_key is 'second-factor', expected second_factor, or no such key; did you mean 'second_factor'?"),
        BadDocument(
            "a key that counts, and is no word", "policy: [{match: {service: sshd}, ssh_key: true}]\n",
            ":1:44: ssh_key is 'true', expected second_factor, or no such key"),
        BadDocument(
            "a key that counts elsewhere", "policy: [{match: {service: [sshd, sudo]}, ssh_key: second_factor}]\n",
            ":1:52: ssh_key in a rule that is for other services, too, expected match: {service: sshd} in it"),
        BadDocument(
            "a key that counts everywhere", "policy: [{match: {user: ann}, ssh_key: second_factor}]\n",
            ":1:40: ssh_key in a rule that is for other services, too, expected match: {service: sshd} in it"),
        BadDocument(
            "a key that counts, and no factor before it",
            "policy: [{match: {service: sshd}, first_factor: none, ssh_key: second_factor}]\n",
            ":1:64: ssh_key beside first_factor: none, expected one of them: a second factor stands behind a first"),
        BadDocument(
            "a key that counts where nothing is owed",
            "policy: [{match: {service: sshd}, exempt: true, ssh_key: second_factor}]\n",
            ":1:58: ssh_key beside exempt: true, expected one of them: exempt waives the modules"),
        BadDocument(
            "password and code in one answer, checked elsewhere", "policy: [{match: {}, conversation: single}]\n",
            ":1:36: conversation: single with the provider pam, for which something else has taken the password already, "
                + "expected a provider that checks the password itself, named in the rule (provider: linux)"),
        BadDocument(
            "another conversation", "policy: [{match: {}, conversation: double}]\n",
            ":1:36: conversation is 'double', expected single, or no such key"),
        BadDocument(
            "digits of nothing", "policy: [{match: {}, code_digits: 8}]\n",
            ":1:35: code_digits without conversation: single, expected both, or neither"),
        BadDocument(
            "one answer, and nothing to be answered", "policy: [{match: {}, exempt: true, conversation: single}]\n",
            ":1:50: conversation beside exempt: true, expected one of them: exempt waives the modules"),
        BadDocument(
            "what cannot stand beside one answer",
            "policy: [{match: {}, provider: linux, modules: totp, conversation: single, code_digits: 9, remember: 1h, "
                + "unenrolled: skip, echo: true}]\n",
            ":1:89: code_digits is '9', expected a whole number from 6 to 8",
            ":1:102: remember beside conversation: single, expected one of them: the code is asked for before it can be "
                + "known whether it is owed",
            ":1:118: unenrolled: skip beside conversation: single, expected one of them: who has no code cannot type one "
                + "behind the password",
            ":1:130: echo beside conversation: single, expected one of them: a password is never shown"),
        BadDocument(
            "nothing to remember", "policy: [{match: {}, exempt: true, remember: 1h}]\n",
            ":1:46: remember beside exempt: true, expected one of them: exempt waives the modules"),
        BadDocument(
            "nobody to remember", "policy: [{match: {}, provider: pam, first_factor: none, remember: 1h}]\n",
            ":1:67: remember beside first_factor: none, expected one of them: who has proved nothing is not remembered"),
        BadDocument(
            "a key that is none", "policy: [{match: {gruop: backup, host: a}}]\n",
            ":1:19: the key 'gruop' in match, expected one of from, group, network, service, ssh, time, user; "
                + "did you mean 'group'?",
            ":1:34: the key 'host' in match, expected one of from, group, network, service, ssh, time, user"),
        BadDocument(
            "what can match nothing",
            "policy: [{match: {network: [10.0.0.1/8, x], from: here, ssh: [public], time: 8-18, group: 'a/b'}}]\n",
            ":1:29: network is '10.0.0.1/8', expected an address, or a network such as 10.1.2.0/24",
            ":1:41: network is 'x', expected an address, or a network such as 10.1.2.0/24",
            ":1:51: from is 'here', expected one of local, remote",
            ":1:63: ssh is 'public', expected one of gssapi-keyex, gssapi-with-mic, hostbased, keyboard-interactive, "
                + "password, publickey, a kind of key behind it",
            ":1:78: time is '8-18', expected days, hours or both, as in 'Mon-Fri 08:00-18:00'",
            ":1:91: group is 'a/b', expected the name of a group"),
        BadDocument(
            "a rule's limits", "policy: [{match: {}, session: 10, echo: maybe, prompt: ''}]\n",
            ":1:31: session is '10', expected a whole number from 30 to 3600",
            ":1:41: echo is 'maybe', expected true or false", ":1:56: prompt is the text '', expected text"),
        BadDocument(
            "nobody", "policy: [{match: {user: []}, exempt: true}]\n",
            ":1:25: user is an empty list, expected at least one"),
        BadDocument(
            "no name", "policy: [{match: {user: [ann, 'a/b']}}]\n",
            ":1:31: user is 'a/b', expected the name of an account"),
        BadDocument(
            "one service twice", "policy: [{match: {service: [sudo, sudo]}}]\n",
            ":1:35: service has 'sudo' twice, expected each once"),
        BadDocument("yes", "policy: [{match: {}, exempt: yes}]\n", ":1:30: exempt is 'yes', expected true or false"),
        BadDocument("True", "policy: [{match: {}, exempt: True}]\n", ":1:30: exempt is 'True', expected true or false"),
        BadDocument(
            "quoted true", "policy: [{match: {}, exempt: 'true'}]\n",
            ":1:30: exempt is the text 'true', expected true or false"),
        BadDocument(
            "none of the three", "policy: [{match: {}, unenrolled: enrol}]\n",
            ":1:34: unenrolled is 'enrol', expected one of deny, enroll, skip; did you mean 'enroll'?"),
        BadDocument(
            "a day that is none", "policy: [{match: {}, unenrolled: enroll, enroll_until: 2027-02-29}]\n",
            ":1:56: enroll_until is '2027-02-29', expected the last day, as in 2027-01-31"),
        BadDocument(
            "a day in another order", "policy: [{match: {}, unenrolled: enroll, enroll_until: 31-01-2027}]\n",
            ":1:56: enroll_until is '31-01-2027', expected the last day, as in 2027-01-31"),
        BadDocument(
            "the end of nothing", "policy: [{match: {}, enroll_until: 2027-01-31}]\n",
            ":1:36: enroll_until without unenrolled: enroll, expected both, or neither"),
        BadDocument(
            "a ticket to nothing", "policy: [{match: {}, ticket: required}]\n",
            ":1:30: ticket without unenrolled: enroll, expected both, or neither"),
        BadDocument(
            "a ticket for some", "policy: [{match: {}, unenrolled: enroll, ticket: true}]\n",
            ":1:50: ticket is 'true', expected required, or no such key"),
        BadDocument(
            "a set-up by nobody", "policy: [{match: {}, first_factor: none, unenrolled: enroll}]\n",
            ":1:54: unenrolled: enroll beside first_factor: none, expected one of them: who has neither a first factor nor "
                + "a device is nobody"),
        BadDocument(
            "nobody at all", "policy: [{match: {}, first_factor: none, unenrolled: skip}]\n",
            ":1:54: unenrolled: skip beside first_factor: none, expected one of them: who has neither a first factor nor "
                + "a device is nobody"),
        BadDocument(
            "another first factor", "policy: [{match: {}, first_factor: some}]\n",
            ":1:36: first_factor is 'some', expected none, or no such key"),
        BadDocument(
            "eleven tries", "policy: [{match: {}, tries: 11}]\n",
            ":1:29: tries is '11', expected a whole number from 1 to 10"),
        BadDocument(
            "no tries", "policy: [{match: {}, tries: 0}]\n",
            ":1:29: tries is '0', expected a whole number from 1 to 10"),
        BadDocument(
            "an unknown provider", "policy: [{match: {}, provider: linus}]\n",
            ":1:32: the provider 'linus', which is not configured, expected one of linux, pam; did you mean 'linux'?"),
        BadDocument(
            "an unknown module", "policy: [{match: {}, modules: [recovery_code]}]\n",
            ":1:32: the module 'recovery_code', which is not configured, expected totp"),
        BadDocument(
            "settings in a rule", "policy: [{match: {}, modules: {type: totp, digits: 8}}]\n",
            ":1:31: a module in a rule is a map, expected the name of a configured module; its settings stand under "
                + "its provider"),
        BadDocument(
            "no modules", "policy: [{match: {}, modules: []}]\n",
            ":1:31: modules is an empty list, expected at least one module"),
        BadDocument(
            "exempt and modules", "policy: [{match: {}, exempt: true, modules: totp}]\n",
            ":1:45: modules beside exempt: true, expected one of them: exempt waives the modules"),
        BadDocument(
            "exempt and no first factor", "policy: [{match: {}, exempt: true, first_factor: none}]\n",
            ":1:50: first_factor beside exempt: true, expected one of them: exempt waives the modules"),
        BadDocument(
            "a password waived that is asked for", "policy: [{match: {}, provider: linux, first_factor: none}]\n",
            ":1:53: first_factor: none with the provider linux, expected a provider that lives on evidence (pam)"),
    ]

    static let others = [
        BadDocument(
            "too late a lock", "throttle: {lock_at: 101}\n",
            ":1:21: lock_at is '101', expected a whole number from 1 to 100"),
        BadDocument(
            "a lock before the first delay", "throttle: {lock_at: 5}\n",
            ":1:21: lock_at is 5, expected more than free, which is 5"),
        BadDocument(
            "delays that shrink", "throttle: {first_delay: 60, longest_delay: 30}\n",
            ":1:44: longest_delay is 30, expected no less than first_delay, which is 60"),
        BadDocument(
            "an endless session", "sessions: {lifetime: 3601}\n",
            ":1:22: lifetime is '3601', expected a whole number from 30 to 3600"),
        BadDocument(
            "a unit", "sessions: {lifetime: 5m}\n",
            ":1:22: lifetime is '5m', expected a whole number from 30 to 3600"),
        BadDocument(
            "a number in exponents", "sessions: {capacity: 1e3}\n",
            ":1:22: capacity is '1e3', expected a whole number from 100 to 1000000"),
        BadDocument(
            "another store", "store: {type: mysql}\n",
            ":1:15: the store type 'mysql', expected one of postgresql, sqlite"),
        BadDocument(
            "a store without a type", "store: {}\n", ":1:8: store has no type, expected one of postgresql, sqlite"),
        BadDocument(
            "a database that is a file", "store: {type: sqlite, connection: host=a, password_file: /p}\n",
            ":1:35: store of the type sqlite with connection, expected the type postgresql, or no such key",
            ":1:58: store of the type sqlite with password_file, expected the type postgresql, or no such key"),
        BadDocument(
            "a database nowhere", "store: {type: postgresql}\n",
            ":1:8: store of the type postgresql without connection, expected host=… dbname=… user=…"),
        BadDocument(
            "a password where others read it", store("host=/run dbname=t user=t password=tr\u{e4}umerei"),
            ":3:15: connection has password, expected no password: it stands in a password_file, a file named by PGPASSFILE, "
                + "or is not needed (peer, cert)"),
        BadDocument(
            "a password in a URI", store("postgresql://t:secret@a/t"),
            ":3:15: connection is not a list of libpq's parameters, expected name=value name='value with spaces' …, and no URI"
        ),
        BadDocument(
            "a quote without an end", store("host=/run dbname=t user='t"),
            ":3:15: connection is not a list of libpq's parameters, expected name=value name='value with spaces' …, and no URI"
        ),
        BadDocument(
            "half a connection", store("sslmode=require"),
            ":3:15: connection without dbname, expected dbname=…", ":3:15: connection without user, expected user=…",
            ":3:15: connection without host, expected host=… (a name, several with commas, or a folder)"),
        BadDocument(
            "a parameter twice", store("host=/run host=/tmp dbname=t user=t"),
            ":3:15: connection has host twice, expected each once"),
        BadDocument(
            "a server that may only read", store("host=/run dbname=t user=t target_session_attrs=any"),
            ":3:15: target_session_attrs is 'any', expected one of primary, read-write: logins are written"),
        BadDocument(
            "a server that is waited for without an end", store("host=/run dbname=t user=t connect_timeout=0"),
            ":3:15: connect_timeout is '0', expected a number of seconds from 1 to 10: whoever waits for a code waits for that"
        ),
        BadDocument(
            "a look that is too seldom", "store: {type: postgresql, connection: host=/run dbname=t user=t, poll: 1m}\n",
            ":1:72: poll is '1m', expected a time from 1s to 20s"),
        BadDocument(
            "a file that others change", "store: {type: sqlite, poll: 2s}\n",
            ":1:29: store of the type sqlite with poll, expected the type postgresql, or no such key"),
        BadDocument(
            "settings for the session", store("host=/run dbname=t user=t options='-c synchronous_commit=off'"),
            ":3:15: connection has options, expected nothing: time-outs and durability are set by twostepd"),
        BadDocument(
            "a password file somewhere",
            "store: {type: postgresql, connection: host=/run dbname=t user=t, password_file: p}\n",
            ":1:81: password_file is 'p', expected an absolute path"),
        BadDocument(
            "a copy of a file", "store: {type: sqlite, offline: cached, offline_for: 1h}\n",
            ":1:32: store of the type sqlite with offline, expected the type postgresql, or no such key",
            ":1:53: store of the type sqlite with offline_for, expected the type postgresql, or no such key"),
        BadDocument(
            "a copy that is good for ever",
            "store: {type: postgresql, connection: host=/run dbname=t user=t, offline: cached}\n",
            ":1:75: offline: cached without offline_for, expected offline_for: a time from 1m to 168h, as in 24h"),
        BadDocument(
            "a copy for a year",
            "store: {type: postgresql, connection: host=/run dbname=t user=t, offline: cached, offline_for: 8760h}\n",
            ":1:96: offline_for is '8760h', expected a time from 1m to 168h, as in 30m or 24h"),
        BadDocument(
            "a time for nothing",
            "store: {type: postgresql, connection: host=/run dbname=t user=t, offline: deny, offline_for: 1h}\n",
            ":1:94: offline_for without offline: cached, expected both, or none of them"),
        BadDocument(
            "a database that may be guessed",
            "store: {type: postgresql, connection: host=/run dbname=t user=t, offline: cache}\n",
            ":1:75: offline is 'cache', expected one of cached, deny; did you mean 'cached'?"),
        BadDocument(
            "root as a caller", "callers: {root: {services: [a], groups: [b]}}\n",
            ":1:11: the caller 'root', expected a service's own account"),
        BadDocument(
            "a caller without groups", "callers: {mysql: {services: [mysql]}}\n",
            ":1:11: the caller 'mysql' without groups, expected at least one"),
        BadDocument(
            "a caller of anybody", "callers: {mysql: {services: [mysql], groups: []}}\n",
            ":1:46: groups is an empty list, expected at least one"),
        BadDocument(
            "self-service that is none", "self_service: {enrol: true}\n",
            ":1:16: the key 'enrol' in self_service, expected one of enroll, remove; did you mean 'enroll'?"),
        BadDocument(
            "self-service that is neither on nor off", "self_service: {enroll: true, remove: sometimes}\n",
            ":1:38: remove is 'sometimes', expected true or false"),
        BadDocument(
            "self-service without a word", "self_service: true\n",
            ":1:15: self_service is 'true', expected a map of one of enroll, remove"),
        BadDocument(
            "a notice that is none", "notices: {last_logins: true}\n",
            ":1:11: the key 'last_logins' in notices, expected last_login; did you mean 'last_login'?"),
        BadDocument(
            "a notice that is neither on nor off", "notices: {last_login: often}\n",
            ":1:23: last_login is 'often', expected true or false"),
        BadDocument(
            "an issuer with a colon", "issuer: a:b\n",
            ":1:9: issuer is 'a:b', expected at most 64 bytes without a colon"),
    ]

    /// A store with a connection in the third line.
    static func store(_ connection: String) -> String {
        "store:\n  type: postgresql\n  connection: \"\(connection)\"\n"
    }

    static let rest = """
        auth_providers:
          - type: linux
            modules: totp
          - type: pam
            modules: totp

        """

    @Test(arguments: shapes + providers + modules) func `refuses and says where and why`(_ document: BadDocument) {
        #expect(Fakes.problems(document.text) == document.problems)
    }

    @Test(arguments: policies + others) func `refuses a section and says where and why`(_ document: BadDocument) {
        #expect(Fakes.problems(document.text + RefusalTests.rest) == document.problems)
    }

    @Test func `no first factor where no module is owed lets nobody in`() {
        let text = "auth_providers: [{type: pam}]\npolicy: [{match: {}, first_factor: none}]\n"
        #expect(
            Fakes.problems(text) == [
                "config.yaml:2:36: first_factor: none where the provider pam owes no module, expected modules, here or "
                    + "under the provider"
            ])
    }

    @Test func `nobody is set up where the modules are none that people enrol with by themselves`() {
        let rules = "policy:\n  - {match: {}, provider: linux, unenrolled: enroll}\n"
        func problems(_ modules: String) -> [String] {
            Fakes.problems("auth_providers: [{type: linux\(modules)}]\n" + rules)
        }
        #expect(
            problems(", modules: [totp, recovery_code]") == [
                "config.yaml:3:46: unenrolled: enroll with the step recovery_code, which nobody can set up within a login, "
                    + "expected a module in it that people enrol with (totp)"
            ])
        #expect(
            problems("") == [
                "config.yaml:3:46: unenrolled: enroll where no module is owed, expected modules, or no such key"
            ])
        #expect(problems(", modules: {any_of: [totp, recovery_code]}") == [])
    }

    @Test func `one answer has room for one step, whose codes can be told from the password and from each other`() {
        func problems(_ modules: String, _ rule: String = "") -> [String] {
            Fakes.problems(
                "auth_providers: [{type: linux\(modules)}]\npolicy: [{match: {}, conversation: single\(rule)}]\n")
        }
        let start = "config.yaml:2:36: conversation: single with "
        #expect(problems(", modules: totp") == [])
        #expect(problems(", modules: totp", ", code_digits: 8, prompt: Password, tries: 2, session: 60") == [])
        #expect(problems(", modules: {any_of: [totp, recovery_code]}", ", provider: linux") == [])
        #expect(problems(", modules: [totp, recovery_code]", ", modules: totp") == [])
        let one = ", expected one step, whose code stands behind the password"
        #expect(problems("") == [start + "the provider linux, which owes no step" + one])
        #expect(
            problems(", modules: [totp, recovery_code]") == [start + "the provider linux, which owes 2 steps" + one])
        #expect(
            problems(", modules: {any_of: [totp, pins]}") == [
                start
                    + "the module pins, whose answer cannot stand behind a password, expected codes that are at hand before "
                    + "they are asked for (totp, hotp, recovery_code)"
            ])
        #expect(
            problems(", modules: {any_of: [totp, {type: totp, id: b}]}") == [
                start + "the step totp|totp:b, in which codes look alike, expected codes that tell themselves apart"
            ])
    }

    @Test func `nobody is let set up what nobody can enrol with`() {
        let text = "auth_providers: [{type: pam, modules: MODULES}]\nself_service: {enroll: true}\n"
        #expect(
            Fakes.problems(text.replacing("MODULES", with: "recovery_code")) == [
                "config.yaml:2:24: self_service with enroll where nobody can enrol with any module, expected a module that "
                    + "people enrol with (totp), or no such key"
            ])
        #expect(Fakes.problems(text.replacing("MODULES", with: "totp")) == [])
    }

    @Test func `names at most a hundred problems`() {
        let text = (1...150).map { "key\($0): 1\n" }.joined()
        let problems = Fakes.problems(text)
        #expect(problems.count == 101)
        #expect(problems.last?.hasSuffix("51 further problems") == true)
    }

    @Test func `no problem is longer than a screenful`() throws {
        for word in ["key", "\"key\""] {
            let long = word.replacing("key", with: String(repeating: "k", count: 4000))
            for problem in Fakes.problems("\(long): 1\nauth_providers: \(long)\n") { #expect(problem.utf8.count < 700) }
        }
    }
}
