import AdminProtocol
import Administration
import Foundation
import Testing

@Suite struct CommandTests {
    struct Row: Sendable {
        let arguments: [String]
        let turns: [ScriptedDaemon.Turn]
        var lines: [ScriptedConsole.Line] = []
        var status = CommandStatus.done
        let text: String
        let json: String
    }

    static let rows: [Row] = [
        Row(
            arguments: ["unlock", "alice"],
            turns: [.exchange(.unlock(account: "alice"), reply: .unlocked(Unlocking(account: "alice", failures: 1)))],
            text: "Forgot 1 failure of alice.\n", json: #"{"account": "alice", "failures_forgotten": 1}"#),
        Row(
            arguments: ["unlock", "alice"],
            turns: [.exchange(.unlock(account: "alice"), reply: .unlocked(Unlocking(account: "alice", failures: 0)))],
            text: "alice has no failures to forget.\n", json: #"{"account": "alice", "failures_forgotten": 0}"#),
        Row(
            arguments: ["list"],
            turns: [.exchange(.list(account: nil, after: ""), reply: .listing(Samples.listing))],
            text: """
                ACCOUNT  DEVICE  MODULE     CREATED     LAST USED  PARAMETERS
                alice    phone   totp       2026-11-22  never      SHA1, 6 digits, 30 s
                bob      key     totp:work  2026-11-22  never      unknown
                bob's 'key' does not work: the account's uid has changed
                alice: 6 failures with totp; must wait for 25 s
                bob: 50 failures with totp; locked until: twostep unlock bob

                """,
            json: """
                {"devices": [{"account": "alice", "module": "totp", "module_id": null, "device": "phone", \
                "description": "SHA1, 6 digits, 30 s", "created_at": \(Samples.noon), "last_used_at": null, \
                "problem": null}, {"account": "bob", "module": "totp", "module_id": "work", "device": "key", \
                "description": null, "created_at": \(Samples.noon), "last_used_at": null, \
                "problem": "the account's uid has changed"}], "failures": [{"account": "alice", "module": "totp", \
                "module_id": null, "failures": 6, "last_failure_at": null, "standing": "delayed", \
                "delay_seconds": 25}, {"account": "bob", "module": "totp", "module_id": null, "failures": 50, \
                "last_failure_at": null, "standing": "locked", "delay_seconds": 0}], "blocks": []}
                """),
        Row(
            arguments: ["list"],
            turns: [
                .exchange(
                    .list(account: nil, after: ""),
                    reply: .listing(
                        Listing(devices: [Samples.listing.devices[0]], counters: [], blocks: [], next: "alice"))),
                // Nothing but accounts that have only been seen.
                .exchange(
                    .list(account: nil, after: "alice"),
                    reply: .listing(Listing(devices: [], counters: [], blocks: [], next: "azra"))),
                .exchange(
                    .list(account: nil, after: "azra"),
                    reply: .listing(Listing(devices: [Samples.listing.devices[1]], counters: [], blocks: []))),
            ],
            text: """
                ACCOUNT  DEVICE  MODULE     CREATED     LAST USED  PARAMETERS
                alice    phone   totp       2026-11-22  never      SHA1, 6 digits, 30 s
                bob      key     totp:work  2026-11-22  never      unknown
                bob's 'key' does not work: the account's uid has changed

                """,
            json: """
                {"devices": [{"account": "alice", "module": "totp", "module_id": null, "device": "phone", \
                "description": "SHA1, 6 digits, 30 s", "created_at": \(Samples.noon), "last_used_at": null, \
                "problem": null}, {"account": "bob", "module": "totp", "module_id": "work", "device": "key", \
                "description": null, "created_at": \(Samples.noon), "last_used_at": null, \
                "problem": "the account's uid has changed"}], "failures": [], "blocks": []}
                """),
        Row(
            arguments: ["list", "carol"],
            turns: [.exchange(.list(account: "carol"), reply: .listing(Listing(devices: [], counters: [])))],
            text: "carol has no device.\n", json: #"{"devices": [], "failures": [], "blocks": []}"#),
        Row(
            arguments: ["remove", "alice", "phone", "--module", "totp:work", "--force", "--yes"],
            turns: [
                .exchange(
                    .remove(
                        account: "alice", device: "phone", module: ModuleReference(type: "totp", id: "work"),
                        force: true),
                    reply: .removed(
                        Removal(
                            account: "alice", module: ModuleReference(type: "totp", id: "work"), device: "phone",
                            remaining: 0)))
            ],
            text: "Removed the device 'phone' (totp:work) of alice, who has no device left.\n",
            json: """
                {"account": "alice", "module": "totp", "module_id": "work", "device": "phone", "remaining": 0}
                """),
        Row(
            arguments: ["remove", "alice", "phone", "--yes"],
            turns: [
                .exchange(
                    .remove(account: "alice", device: "phone", module: nil, force: false),
                    reply: .refused(
                        AdminRefusal(.lastDevice, "'phone' is the last device of alice.", hint: "Say --force.")))
            ],
            status: .refused, text: "",
            json: """
                {"error": {"code": "last_device", "message": "'phone' is the last device of alice.", \
                "hint": "Say --force."}}
                """),
        Row(
            arguments: ["verify", "alice"],
            turns: [
                .exchange(
                    .verify(account: "alice"), ["123456"], reply: .verified(Samples.diagnosis(offset: 1)))
            ],
            lines: [.text("123456")],
            text: "Right: the code is of 'phone' (totp), which is 30 s ahead (1 step).\n",
            json: """
                {"account": "alice", "match": {"module": "totp", "module_id": null, "device": "phone", "offset": 1, \
                "seconds_per_unit": 30, "acceptable": true, "spent": false}}
                """),
        Row(
            arguments: ["verify", "alice"],
            turns: [
                .exchange(
                    .verify(account: "alice"), ["123456"],
                    reply: .verified(Samples.diagnosis(offset: 0, isAcceptable: false, isSpent: true)))
            ],
            lines: [.text("123456")],
            text: """
                Right, but used already: a login takes only the next code. It is of 'phone' (totp), \
                whose clock is right.

                """,
            json: """
                {"account": "alice", "match": {"module": "totp", "module_id": null, "device": "phone", "offset": 0, \
                "seconds_per_unit": 30, "acceptable": false, "spent": true}}
                """),
        Row(
            arguments: ["verify", "alice"],
            turns: [
                .exchange(
                    .verify(account: "alice"), ["123456"],
                    reply: .verified(Samples.diagnosis(offset: -3, isAcceptable: false)))
            ],
            lines: [.text("123456")], status: .refused,
            text: """
                Too far off, a login would refuse it: the code is of 'phone' (totp), \
                which is 1 min 30 s behind (3 steps).
                Set the clock of the device, or of this machine (see: timedatectl).

                """,
            json: """
                {"account": "alice", "match": {"module": "totp", "module_id": null, "device": "phone", "offset": -3, \
                "seconds_per_unit": 30, "acceptable": false, "spent": false}}
                """),
        Row(
            arguments: ["verify", "alice"],
            turns: [
                .exchange(
                    .verify(account: "alice"), ["1"], reply: .verified(CodeDiagnosis(account: "alice", match: nil)))
            ],
            lines: [.text("1")], status: .refused,
            text: "Wrong: no device of alice has made this code, now or a while ago.\n",
            json: #"{"account": "alice", "match": null}"#),
        Row(
            arguments: ["verify", "alice"],
            turns: [
                .exchange(
                    .verify(account: "alice"), ["ABCD"],
                    reply: .verified(Samples.diagnosis(offset: 0, secondsPerUnit: 0)))
            ],
            lines: [.text("ABCD")], text: "Right: the code is of 'phone' (totp), and would be accepted.\n",
            json: """
                {"account": "alice", "match": {"module": "totp", "module_id": null, "device": "phone", "offset": 0, \
                "seconds_per_unit": 0, "acceptable": true, "spent": false}}
                """),
        Row(
            arguments: ["verify", "alice"],
            turns: [
                .exchange(
                    .verify(account: "alice"), ["ABCD"],
                    reply: .verified(
                        Samples.diagnosis(offset: 0, secondsPerUnit: 0, isAcceptable: false, isSpent: true)))
            ],
            lines: [.text("ABCD")],
            text: "Right, but used already: a login would refuse it. It is of 'phone' (totp).\n",
            json: """
                {"account": "alice", "match": {"module": "totp", "module_id": null, "device": "phone", "offset": 0, \
                "seconds_per_unit": 0, "acceptable": false, "spent": true}}
                """),
        Row(
            arguments: ["status"], turns: [.exchange(.status, reply: .status(Samples.status))],
            text: """
                twostepd 0.1.0 serving, running for 3 h 12 min
                Warning: It is not synchronised.
                  configuration  /etc/twostep/config.yaml, generation 2, not loaded
                  store          /var/lib/twostep/store, schema 1
                  sockets        /run/twostep/login.sock
                                 /run/twostep/admin.sock
                  enrolled       3 devices of 2 accounts
                  logins         12 granted, 3 refused, 1 session open

                """,
            json: """
                {"version": "0.1.0", "serving": true, "problems": [], "warnings": null, "configuration": \
                {"path": "/etc/twostep/config.yaml", "generation": 2, "loaded_at": null}, "store": \
                {"path": "/var/lib/twostep/store", "schema": 1, "problem": null, "copy": null}, "sockets": \
                ["/run/twostep/login.sock", "/run/twostep/admin.sock"], "open_sessions": 1, "accounts": 2, \
                "devices": 3, "blocked": null, "granted": 12, "refused": 3, "uptime": 11530, "clock_sane": true, \
                "clock_problems": ["It is not synchronised."], "sharing": null, "hubs": null}
                """),
        Row(
            arguments: ["status"], turns: [.exchange(.status, reply: .status(Samples.broken))], status: .refused,
            text: """
                twostepd 0.1.0 REFUSES EVERY LOGIN as unavailable, running for 5 s
                Problem: /etc/twostep/config.yaml:3: found 'totq', expected a module
                Problem: The store cannot be read.
                Problem: The clock of this machine cannot be right: see timedatectl.
                  configuration  /etc/twostep/config.yaml, generation 0, not loaded
                  store          /var/lib/twostep/store, not readable
                  logins         0 granted, 9 refused, 0 sessions open

                """,
            json: """
                {"version": "0.1.0", "serving": false, "problems": \
                ["/etc/twostep/config.yaml:3: found 'totq', expected a module"], "warnings": null, "configuration": \
                {"path": "/etc/twostep/config.yaml", "generation": 0, "loaded_at": null}, "store": \
                {"path": "/var/lib/twostep/store", "schema": null, "problem": "The store cannot be read.", "copy": null}, \
                "sockets": [], "open_sessions": 0, "accounts": null, "devices": null, "blocked": null, "granted": 0, "refused": 9, \
                "uptime": 5, "clock_sane": false, "clock_problems": null, "sharing": null, "hubs": null}
                """),
    ]

    @Test(arguments: rows) func `a command says what the daemon did`(row: Row) throws { try row.checkText() }

    @Test(arguments: rows) func `with --json it says the same in one document, and nothing else`(row: Row) throws {
        try row.checkDocument()
    }

    @Test func `a refusal says what was found and what to type`() throws {
        let run = try Performance(
            ["unlock", "mallory"],
            against: [
                .exchange(
                    .unlock(account: "mallory"),
                    reply: .refused(
                        AdminRefusal(.unknownAccount, "There is no account 'mallory'.", hint: "See: getent passwd")))
            ])
        #expect(run.status == .refused)
        #expect(run.output == "")
        #expect(run.errors == "twostep: There is no account 'mallory'.\nSee: getent passwd\n")
    }

    @Test(arguments: [["unlock", "alice"], ["unlock", "alice", "--json"]])
    func `nothing that a daemon says can steer the terminal`(arguments: [String]) throws {
        let run = try Performance(
            arguments,
            against: [
                .exchange(
                    .unlock(account: "alice"),
                    reply: .refused(AdminRefusal(.internal, "a\u{1B}]0;b\u{9B}c\u{202E}d\u{7}\"\\")))
            ])
        let said = run.output + run.errors
        #expect(said.contains(#"a]0;bcd"#))
        #expect(!said.unicodeScalars.contains { $0 != "\n" && ($0.value < 0x20 || (0x7F...0x9F).contains($0.value)) })
        #expect(!said.unicodeScalars.contains("\u{202E}"))
        if arguments.contains("--json") { #expect(try run.document().count == 1) }
    }

    @Test(arguments: [
        ["frobnicate"], ["unlock"], ["list", "a", "b"], ["enroll", "alice", "totp", "--qr", "ascii"],
        ["remove", "alice", "phone", "--frobnicate"], ["enroll", "alice", ":"],
        ["remove", "alice", "phone", "--yes", "--module", "totp:"], ["remove", "alice", "phone"],
        ["init", "--config", "etc/twostep"], ["init", "--state-directory", "/"],
        ["init", "--runtime-directory", "/run/../etc"], ["user", "add"], ["user", "add", "zoë", "--provider", ":"],
        ["user", "add", "zoë", "--password", "x"], ["credentials", "link", "homeassistant", "zoë"],
        ["credentials", "link", "homeassistant:", "zoë", "alice"], ["credentials", "unlink", "homeassistant", "zoë"],
        ["sessions", "end"], ["sessions", "3f9a"], ["legacy", "passwd", "zoë"],
    ]) func `wrong usage is exit code 2, as text or as a document`(arguments: [String]) throws {
        let text = Performance(arguments)
        #expect(text.status == .usage)
        #expect(text.output == "" && text.errors != "")
        let json = Performance(arguments + ["--json"])
        #expect(json.status == .usage)
        #expect(json.errors == "")
        let error = try #require(try json.document()["error"] as? NSDictionary)
        #expect(error["code"] as? String == "usage")
    }

    static let verbs: [[String]] = [
        ["init"], ["enroll"], ["list"], ["remove"], ["verify"], ["unlock"], ["status"], ["user"], ["user", "add"],
        ["user", "passwd"], ["user", "remove"], ["user", "list"], ["legacy"], ["legacy", "passwd"], ["credentials"],
        ["credentials", "list"], ["credentials", "link"], ["credentials", "unlink"], ["sessions"],
        ["sessions", "list"], ["sessions", "end"], ["check"], ["flow"],
    ]

    @Test(arguments: verbs) func `every verb is explained with an example`(verb: [String]) {
        let run = Performance(verb + ["--help"])
        #expect(run.status == .done)
        #expect(run.output.contains("Example: twostep \(verb[0])"))
        #expect(run.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test(arguments: [[], ["--help"], ["help", "enroll"], ["user"], ["--version"]] as [[String]])
    func `help is no error and fits 80 columns`(arguments: [String]) {
        let run = Performance(arguments)
        #expect(run.status == .done)
        #expect(run.output != "" && run.errors == "")
        #expect(run.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test func `the first help has every command once, on one screen of a serial console`() {
        let text = Performance(["--help"]).output
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        #expect(lines.count < 24)
        // Whoever mistypes one is told of all.
        let mistake = Performance(["frobnicate"]).errors.prefix { $0 != "\n" }
        let names = mistake.split(separator: "expected ").last?.split(separator: ", ").map(String.init) ?? []
        #expect(names.count > 25)
        for name in names {
            // Behind the name of a group, or in one of two columns.
            let entry = lines.count { line in
                [9, 47].contains { column in
                    let rest = line.dropFirst(column)
                    return rest.hasPrefix("\(name) ") && line.prefix(column).last == " "
                }
            }
            #expect(entry == 1, "\(name)")
        }
        #expect(Performance(["help"]).output == text && Performance(["-h"]).output == text)
    }

    @Test func `removing asks a person, and only yes is yes`() throws {
        for (answer, isYes) in [("y", true), ("yes", true), ("", false), ("n", false), ("yess", false)] {
            let console = ScriptedConsole([.text(answer)], isTerminal: true)
            let removal = AdminReply.removed(
                Removal(account: "alice", module: Samples.totp, device: "phone", remaining: 2))
            let check = AdminRequest.checkRemoval(account: "alice", device: "phone", module: nil, force: false)
            let request = AdminRequest.remove(account: "alice", device: "phone", module: nil, force: false)
            let run = try Performance(
                ["remove", "alice", "phone"],
                against: [.exchange(check, reply: removal)] + (isYes ? [.exchange(request, reply: removal)] : []),
                console: console)
            #expect(console.holdsInterrupts)
            #expect(run.status == (isYes ? .done : .refused))
            #expect(run.errors.hasPrefix("Remove the device 'phone' of alice?"))
            let removed = "Removed the device 'phone' (totp) of alice, who has 2 devices left.\n"
            #expect(run.output == (isYes ? removed : ""))
            #expect(isYes || run.errors.hasSuffix("twostep: Nothing was removed.\n"))
        }
    }

    @Test func `nobody is asked whether to remove what is refused whatever they say`() throws {
        let refusal = AdminRefusal(.lastDevice, "'phone' is the last device of alice.", hint: "Say --force.")
        let run = try Performance(
            ["remove", "alice", "phone"],
            against: [
                .exchange(
                    .checkRemoval(account: "alice", device: "phone", module: nil, force: false),
                    reply: .refused(refusal))
            ], console: ScriptedConsole(isTerminal: true))
        #expect(run.status == .refused)
        #expect(run.errors == "twostep: 'phone' is the last device of alice.\nSay --force.\n")
    }

    @Test func `Ctrl-C at a question says what was not done`() throws {
        let console = ScriptedConsole([.interrupt], isTerminal: true)
        let removal = Removal(account: "alice", module: Samples.totp, device: "phone", remaining: 2)
        let run = try Performance(
            ["remove", "alice", "phone"],
            against: [
                .exchange(
                    .checkRemoval(account: "alice", device: "phone", module: nil, force: false),
                    reply: .removed(removal))
            ], console: console)
        #expect(console.holdsInterrupts && run.status == .refused)
        #expect(run.errors.hasSuffix("twostep: Interrupted. Nothing was removed.\n"))
    }

    @Test func `verify asks a person on standard error`() throws {
        let run = try Performance(
            ["verify", "alice"],
            against: [.exchange(.verify(account: "alice"), ["1"], reply: .verified(Samples.diagnosis(offset: 0)))],
            console: ScriptedConsole([.text("1")], isTerminal: true))
        #expect(run.errors == "A code of alice: ")
        #expect(run.output == "Right: the code is of 'phone' (totp), whose clock is right.\n")
    }

    @Test func `no code is no question to the daemon`() throws {
        let run = try Performance(["verify", "alice"], against: [], console: ScriptedConsole([.end]))
        #expect(run.status == .refused)
        #expect(run.errors == "twostep: No code was given.\n")
    }

    @Test func `output that nobody can read is a failure`() throws {
        for arguments in [["unlock", "alice"], ["unlock", "alice", "--json"]] {
            let run = try Performance(
                arguments,
                against: [
                    .exchange(.unlock(account: "alice"), reply: .unlocked(Unlocking(account: "alice", failures: 1)))
                ], console: ScriptedConsole(outputFailure: 32))
            #expect(run.status == .refused)
            #expect(
                run.errors == """
                    twostep: The output cannot be written: Broken pipe.
                    Done all the same: Forgot 1 failure of alice.

                    """)
        }
        let status = try Performance(
            ["status"], against: [.exchange(.status, reply: .status(Samples.status))],
            console: ScriptedConsole(outputFailure: 32))
        #expect(status.errors == "twostep: The output cannot be written: Broken pipe.\n")
    }

    static let nothing: [Row] = [
        Row(
            arguments: ["list", "alcie"],
            turns: [.exchange(.list(account: "alcie"), reply: .listing(Listing(devices: [], counters: [])))],
            text: "alcie has no device.\n", json: ""),
        Row(
            arguments: ["verify", "alcie"],
            turns: [
                .exchange(
                    .verify(account: "alcie"), ["1"],
                    reply: .refused(AdminRefusal(.unknownDevice, "alcie has no device.", hint: "twostep enroll")))
            ],
            lines: [.text("1")], status: .refused, text: "twostep: alcie has no device.\n", json: ""),
        Row(
            arguments: ["remove", "alcie", "phone", "--yes"],
            turns: [
                .exchange(
                    .remove(account: "alcie", device: "phone", module: nil, force: false),
                    reply: .refused(AdminRefusal(.unknownDevice, "alcie has no device 'phone'.", hint: "No device.")))
            ],
            status: .refused, text: "twostep: alcie has no device 'phone'.\n", json: ""),
    ]

    static let noFailures = Unlocking(account: "alcie", failures: 0)
    static let unlocking = ScriptedDaemon.Turn.exchange(.unlock(account: "alcie"), reply: .unlocked(noFailures))

    @Test func `a name that nobody has and nothing is kept of is not unlocked`() throws {
        let listing = ScriptedDaemon.Turn.exchange(
            .list(account: "alcie"), reply: .listing(Listing(devices: [], counters: [])))
        for arguments in [["unlock", "alcie"], ["unlock", "alcie", "--json"]] {
            let run = try Performance(arguments, against: [Self.unlocking, listing])
            #expect(run.status == .refused)
            #expect((run.output + run.errors).contains("There is no account 'alcie' on this machine"))
            #expect((run.output + run.errors).contains("Nothing was unlocked."))
        }
    }

    @Test func `an account that the directory does not know at present is unlocked all the same`() throws {
        let phone = EnrolledDevice(
            account: "alcie", module: Samples.totp, device: "phone", description: nil, createdAt: 0, lastUsedAt: nil)
        let listing = ScriptedDaemon.Turn.exchange(
            .list(account: "alcie"), reply: .listing(Listing(devices: [phone], counters: [])))
        let none = try Performance(["unlock", "alcie"], against: [Self.unlocking, listing])
        #expect(none.status == .done && none.output == "alcie has no failures to forget.\n")
        let forgotten = try Performance(
            ["unlock", "alcie"],
            against: [.exchange(.unlock(account: "alcie"), reply: .unlocked(Unlocking(account: "alcie", failures: 6)))])
        #expect(forgotten.status == .done && forgotten.output == "Forgot 6 failures of alcie.\n")
    }

    @Test(arguments: nothing) func `of a name that nobody has, more is said than that nothing is there`(row: Row) throws
    {
        let run = try Performance(row.arguments, against: row.turns, console: ScriptedConsole(row.lines))
        #expect(run.status == row.status)
        let absence = "There is no account 'alcie' on this machine: see getent passwd alcie\n"
        #expect(run.output + run.errors == row.text + absence)
    }

    @Test func `--json may stand before the command as well`() throws {
        let turn = ScriptedDaemon.Turn.exchange(
            .unlock(account: "alice"), reply: .unlocked(Unlocking(account: "alice", failures: 1)))
        let run = try Performance(["--json", "unlock", "alice"], against: [turn])
        #expect(run.output == "{\"account\": \"alice\", \"failures_forgotten\": 1}\n")
    }

    @Test func `a command that is none is named, with those that are`() {
        let run = Performance(["statsu"])
        #expect(run.status == .usage)
        #expect(run.errors.contains("'statsu' is no command: expected init, enroll, "))
        #expect(run.errors.contains(". Did you mean 'status'?\n"))
        #expect(Performance(["enrol"]).errors.contains(". Did you mean 'enroll'?\n"))
        #expect(!Performance(["frobnicate"]).errors.contains("Did you mean"))
    }

    @Test(arguments: [
        (["user", "ad", "zoe"], "'ad' is no command of twostep user: expected add, ", ". Did you mean 'add'?\n"),
        (["sessions", "ends"], "'ends' is no command of twostep sessions: expected ", ". Did you mean 'end'?\n"),
        (["import", "pam"], "'pam' is no command of twostep import: expected ", "See 'twostep import --help'"),
        (["help", "enrol"], "'enrol' is no command: expected init, ", ". Did you mean 'enroll'?\n"),
        (["help", "user", "ad"], "'ad' is no command of twostep user: expected add, ", "Usage: twostep user <"),
    ]) func `so is one below another, and one that is asked about`(_ words: [String], _ what: String, _ hint: String) {
        let run = Performance(words)
        #expect(run.status == .usage)
        #expect(run.errors.contains(what))
        #expect(run.errors.contains(hint))
        #expect(run.output.isEmpty)
    }

    @Test func `a reload that failed does not look as if the new file were in force`() throws {
        let serving = ServiceStatus(
            version: "0.1.0", isServing: true, problems: Samples.broken.problems,
            configuration: Samples.status.configuration, store: Samples.status.store, sockets: [], openSessions: 0,
            accounts: nil, devices: nil, granted: 0, refused: 0, uptime: 5, isClockSane: true)
        let run = try Performance(["status"], against: [.exchange(.status, reply: .status(serving))])
        #expect(
            run.output.contains(
                "expected a module\nUntil that is repaired, the configuration of before stays in force.\n"))
    }
}
