import Administration
import Foundation
import Testing

@Suite struct FlowCommandTests {
    static let text = "auth_providers:\n  - type: pam\n    modules: totp\n"

    @Test(arguments: [
        ([], "The login flow\n"), (["--format", "text"], "The login flow\n"),
        (["--format", "mermaid"], "flowchart TD\n"),
        (["--format", "svg"], "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"),
        (["--service", "sshd"], "The login flow of the service sshd\n"),
    ]) func `draws the configured flow`(_ arguments: [String], _ beginning: String) throws {
        let folder = try ConfigurationFolder(FlowCommandTests.text)
        let run = Performance(["flow", "--config", folder.file] + arguments)
        #expect(run.status == .done)
        #expect(run.errors == "")
        #expect(run.output.hasPrefix(beginning))
        for words in ["pam", "totp", "Verification code", "get or create credentials", "granted"] {
            #expect(run.output.contains(words), "\(words)")
        }
    }

    @Test func `draws in ASCII where the terminal knows no more`() throws {
        let folder = try ConfigurationFolder(FlowCommandTests.text)
        let console = ScriptedConsole()
        let status = AdministrationCommand.execute(
            ["flow", "--config", folder.file],
            in: AdministrationWorld(console: console, accounts: ScriptedAccounts(), speaksUTF8: false))
        #expect(status == .done)
        #expect(console.output.contains("+-> | pam"))
        #expect(console.output.utf8.allSatisfy { $0 < 0x80 })
    }

    @Test func `a broken configuration has no flow, and check says why`() throws {
        let folder = try ConfigurationFolder("auth_providers: [{type: pam}]\nsessions: 5\nthrottle: 5\n")
        let run = Performance(["flow", "--config", folder.file])
        #expect(run.status == .refused)
        #expect(run.output == "")
        #expect(
            run.errors == """
                twostep: A broken configuration has no flow: \(folder.file) has 2 problems.
                See: twostep check --config \(folder.file)

                """)
    }

    @Test(arguments: [["--json"], ["--format", "png"], ["--service", ""], ["--service"], ["extra"]])
    func `what it cannot draw is wrong usage`(_ arguments: [String]) {
        let run = Performance(["flow"] + arguments)
        #expect(run.status == .usage)
        #expect(run.output == "" || arguments == ["--json"])
    }
}
