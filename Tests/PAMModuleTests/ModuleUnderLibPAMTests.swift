import CPAM
import CPOSIX
import Foundation
import PAMModule
import Testing
import UnixSocket
import Wire

/// The module as it ships, loaded by libpam.
@Suite(.serialized) struct ModuleUnderLibPAMTests {
    private func lines(_ socket: String, _ words: String = "", _ kind: String = "auth") throws -> [String] {
        ["\(kind) required \(try BuiltModule.path()) socket=\(socket) \(words)"]
    }

    @Test func `lets in whom the daemon lets in, and sets what it sets`() throws {
        let daemon = try FakeDaemon { daemon in
            try daemon.receive()
            try daemon.ask(.secret, "Verification code: ")
            daemon.set("TWOSTEP_MODULES", "totp")
            daemon.verdict(.granted, "3 codes left.")
        }
        let application = try ScriptedApplication(lines: lines(daemon.path), .types("123456"))
        application.set(PAM_RHOST, "192.0.2.7")
        application.put("SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA\n")
        #expect(application.authenticate() == "PAM_SUCCESS")
        #expect(application.shown == ["Verification code: ", "3 codes left."])
        #expect(application.environment("TWOSTEP_MODULES") == "totp")
        #expect(application.setCredentials() == "PAM_SUCCESS")
        let frames = daemon.end()
        #expect(kinds(frames) == [.begin, .answer])
        #expect(payload(frames.last) == Array("123456".utf8))
        #expect(String(decoding: frames[0], as: UTF8.self).contains("publickey ssh-ed25519"))
        #expect(!String(decoding: frames[0], as: UTF8.self).contains("AAAA"))
    }

    @Test(arguments: [
        (VerdictCode.denied, "PAM_AUTH_ERR"), (.triesUsedUp, "PAM_MAXTRIES"), (.unavailable, "PAM_AUTHINFO_UNAVAIL"),
        (.conversationFailed, "PAM_CONV_ERR"), (.badArgument, "PAM_SERVICE_ERR"), (.blocked, "PAM_AUTHINFO_UNAVAIL"),
    ])
    func `refuses whom the daemon refuses`(row: (VerdictCode, String)) throws {
        let daemon = try FakeDaemon { daemon in
            try daemon.receive()
            daemon.verdict(row.0, "No.")
        }
        let permit = try lines(daemon.path) + ["auth required pam_permit.so"]
        let application = try ScriptedApplication(lines: permit)
        #expect(application.authenticate(CInt(PAM_SILENT)) == row.1)
        #expect(application.shown == ["No."])
        _ = daemon.end()
    }

    @Test func `an exempt login is passed over, or a success where the line says so`() throws {
        for words in ["", "exempt=success"] {
            for last in ["pam_permit.so", "pam_deny.so"] {
                let daemon = try FakeDaemon { daemon in
                    try daemon.receive()
                    daemon.verdict(.exempt)
                }
                let line = "auth [success=done ignore=ignore default=die] \(try BuiltModule.path())"
                let application = try ScriptedApplication(
                    lines: ["\(line) socket=\(daemon.path) \(words)", "auth required \(last)"])
                let isIn = !words.isEmpty || last == "pam_permit.so"
                #expect((application.authenticate() == "PAM_SUCCESS") == isIn)
                _ = daemon.end()
            }
        }
    }

    /// What passwd sees: the check, and then the change with as many questions as the daemon has.
    @Test(arguments: [(VerdictCode.granted, "PAM_SUCCESS"), (.triesUsedUp, "PAM_AUTHTOK_ERR")])
    func `a device is set up within the change, and the check asks nothing`(row: (VerdictCode, String)) throws {
        let picture = String(repeating: "\u{2588}", count: 1200) + "\nFirst code: "
        let daemon = try FakeDaemon(connections: 2) { daemon in
            let begin = try Begin(payload(daemon.receive()).span)
            if begin.stage == .changeCheck { return daemon.verdict(.granted) }
            try daemon.ask(.visible, "A further device? ")
            try daemon.ask(.secret, "Code: ")
            try daemon.ask(.visible, picture)
            daemon.verdict(row.0)
        }
        let application = try ScriptedApplication(
            lines: lines(daemon.path, "", "password"), .types("yes"), .types("123456"), .types("654321"))
        #expect(application.changeToken() == row.1)
        #expect(application.shown == ["A further device? ", "Code: ", picture])
        #expect(kinds(daemon.end()) == [.begin, .begin, .answer, .answer, .answer])
    }

    /// `optional` keeps what the check has said: refused there, the change is run and counts for nothing.
    @Test func `where the check refuses, an optional line holds nobody up`() throws {
        let daemon = try FakeDaemon(connections: 2) { daemon in
            try daemon.receive()
            daemon.verdict(.denied)
        }
        let optional = "password optional \(try BuiltModule.path()) socket=\(daemon.path)"
        let application = try ScriptedApplication(lines: ["password required pam_permit.so", optional])
        #expect(application.changeToken() == "PAM_SUCCESS")
        _ = daemon.end()
    }

    @Test func `the other doors ask the daemon too`() throws {
        for (code, account) in [(VerdictCode.blocked, "PAM_PERM_DENIED"), (.noOpinion, "PAM_SUCCESS")] {
            let daemon = try FakeDaemon { daemon in
                try daemon.receive()
                daemon.verdict(code)
            }
            let application = try ScriptedApplication(
                lines: lines(daemon.path, "", "account") + ["account required pam_permit.so"])
            #expect(application.account() == account)
            _ = daemon.end()
        }
        let daemon = try FakeDaemon(connections: 2) { daemon in
            try daemon.receive()
            daemon.verdict(.granted)
        }
        let application = try ScriptedApplication(lines: lines(daemon.path, "", "password"))
        #expect(application.changeToken() == "PAM_SUCCESS")
        let stages = try daemon.end().map { frame in try Begin(payload(frame).span).stage }
        #expect(stages == [.changeCheck, .changeUpdate])
    }

    @Test func `one handle serves many logins, and the first says nothing about the second`() throws {
        let daemon = try FakeDaemon(connections: 3) { daemon in
            try daemon.receive()
            let answer = try daemon.ask(.secret, "Code: ")
            daemon.verdict(payload(answer) == Array("right".utf8) ? .granted : .denied)
        }
        let application = try ScriptedApplication(
            lines: lines(daemon.path), .types("wrong"), .types("right"), .types(""))
        #expect(application.authenticate() == "PAM_AUTH_ERR")
        #expect(application.authenticate() == "PAM_SUCCESS")
        #expect(application.authenticate() == "PAM_AUTH_ERR")
        _ = daemon.end()
    }

    @Test func `a password that was typed for a provider is there for the lines below`() throws {
        let daemon = try FakeDaemon { daemon in
            try daemon.receive()
            try daemon.ask(.authtok, "Password: ")
            // The same again: it is PAM_AUTHTOK now.
            try daemon.ask(.secret, "Code: ")
            daemon.verdict(.granted)
        }
        let application = try ScriptedApplication(lines: lines(daemon.path), .types("hunter2"), .types("hunter2"))
        #expect(application.authenticate() == "PAM_SUCCESS")
        #expect(kinds(daemon.end()) == [.begin, .answer, .unusable])
    }

    @Test func `every way not to answer is a failed conversation`() throws {
        for reply in [ScriptedApplication.Reply.fails, .returnsNothing, .answersNull] {
            let daemon = try FakeDaemon { daemon in
                try daemon.receive()
                try daemon.ask(.secret, "Code: ")
                daemon.verdict(.granted)
            }
            let application = try ScriptedApplication(lines: lines(daemon.path), reply)
            #expect(application.authenticate() == "PAM_CONV_ERR")
            #expect(kinds(daemon.end()) == [.begin, .cancel])
        }
    }

    @Test func `an application that cannot converse gets an error and no crash`() throws {
        let daemon = try FakeDaemon { daemon in
            try daemon.receive()
            daemon.prompt(.info, "Hello.")
            try daemon.ask(.secret, "Code: ")
            daemon.verdict(.granted)
        }
        let application = try ScriptedApplication(lines: lines(daemon.path), conversing: false)
        #expect(application.authenticate() == "PAM_CONV_ERR")
        _ = daemon.end()
        let deaf = try ScriptedApplication(lines: lines("/run/absent/login.sock"), conversing: false)
        #expect(deaf.authenticate() == "PAM_AUTHINFO_UNAVAIL")
    }

    @Test func `says in one sentence that the daemon is absent`() throws {
        let application = try ScriptedApplication(lines: lines("/run/absent/login.sock"))
        #expect(application.authenticate() == "PAM_AUTHINFO_UNAVAIL")
        #expect(application.shown.count == 1)
    }

    @Test func `gives up on a frozen daemon after ten seconds`() throws {
        let path = try PrivateFolder.make() + "/frozen.sock"
        // It listens, and accepts nobody: the kernel does for it what it does for a stopped process.
        let listener = try FrozenListener(at: path)
        let application = try ScriptedApplication(lines: lines(path))
        let start = posix_boottime_milliseconds()
        #expect(application.authenticate() == "PAM_AUTHINFO_UNAVAIL")
        let waited = posix_boottime_milliseconds() - start
        #expect(waited >= 9_900, "waited \(waited) ms")
        #expect(application.shown.count == 1)
        _ = listener
    }

    @Test func `a wrong word on the line is an error of the service`() throws {
        let application = try ScriptedApplication(lines: lines("/run/absent/login.sock", "debug"))
        #expect(application.authenticate() == "PAM_SERVICE_ERR")
    }

    // MARK: Without libpam in between

    private typealias Entry =
        @convention(c) (
            OpaquePointer?, CInt, CInt, UnsafeMutablePointer<UnsafePointer<CChar>?>?
        ) -> CInt

    private func entry(_ symbol: String) throws -> Entry {
        guard let library = unsafe dlopen(try BuiltModule.path(), RTLD_NOW), let place = unsafe dlsym(library, symbol)
        else {
            throw PrivateFolder.Refusal(description: "no \(symbol)")
        }
        return unsafe unsafeBitCast(place, to: Entry.self)
    }

    @Test(arguments: ["pam_sm_authenticate", "pam_sm_acct_mgmt", "pam_sm_chauthtok", "pam_sm_setcred"])
    func `every entry point bears arguments that are not there`(symbol: String) throws {
        let call = unsafe try entry(symbol)
        let application = try ScriptedApplication(lines: ["auth required pam_deny.so"])
        let flags: [CInt] = [
            0, -1, CInt(bitPattern: UInt32(PAM_PRELIM_CHECK)), CInt(bitPattern: UInt32(PAM_UPDATE_AUTHTOK)),
        ]
        for flag in flags {
            for count in [0, 3, -1] as [CInt] {
                var nothing: [UnsafePointer<CChar>?] = unsafe [nil, nil, nil]
                let results = unsafe [
                    call(nil, flag, count, nil), call(nil, flag, count, &nothing),
                    application.withHandle { unsafe call($0, flag, count, nil) },
                    application.withHandle { unsafe call($0, flag, count, &nothing) },
                ]
                for result in results {
                    #expect((result == PAM_SUCCESS) == (symbol == "pam_sm_setcred"))
                    #expect(result != PAM_IGNORE)
                }
            }
        }
    }

    @Test func `a storm of signals changes nothing`() throws {
        let daemon = try FakeDaemon(connections: 200) { daemon in
            try daemon.receive()
            daemon.prompt(.info, "Hello.")
            let answer = try daemon.ask(.secret, "Code: ")
            daemon.verdict(payload(answer).isEmpty ? .granted : .denied)
        }
        let folder = try PrivateFolder.make()
        try lines(daemon.path)[0].write(toFile: folder + "/twostep", atomically: true, encoding: .utf8)
        let output = try BuiltModule.output(of: host(in: folder), folder, "199", "storm")
        #expect(output.split(separator: "\n").first == "0")
        #expect(daemon.end().count == 400)
    }

    /// Compiles the host program.
    private func host(in folder: String) throws -> String {
        try hostProgram.write(toFile: folder + "/host.c", atomically: true, encoding: .utf8)
        _ = try BuiltModule.output(of: "clang", "-O1", "-o", folder + "/host", folder + "/host.c", "-lpam")
        return folder + "/host"
    }

    @Test func `leaves nothing behind in its host: no thread, no descriptor, no signal handler`() throws {
        let folder = try PrivateFolder.make()
        try lines("\(folder)/absent.sock")[0].write(toFile: folder + "/twostep", atomically: true, encoding: .utf8)
        let output = try BuiltModule.output(of: host(in: folder), folder, "1000", "calm")
        let states = output.split(separator: "\n")
        #expect(states.count == 3)
        // 9 is PAM_AUTHINFO_UNAVAIL, a thousand times.
        #expect(states.first == "9000")
        #expect(states.dropFirst().first == states.last)
    }
}

/// A socket with a queue that nobody empties.
final class FrozenListener {
    private let descriptor: Int32

    init(at path: String) throws { descriptor = try PrivateFolder.listen(at: path) }

    deinit { _ = close(descriptor) }
}

/// Loads and unloads the module as often as it is told, and says what the process has before and after.
private let hostProgram = """
    #include <dirent.h>
    #include <signal.h>
    #include <sys/time.h>
    #include <security/pam_appl.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>

    static void nothing(int signal) {}

    /* Every 200 microseconds, and without SA_RESTART: every call that waits is interrupted. */
    static void storm(void) {
        struct sigaction action = {.sa_handler = nothing};
        struct itimerval often = {{0, 200}, {0, 200}};
        sigaction(SIGALRM, &action, NULL);
        setitimer(ITIMER_REAL, &often, NULL);
    }

    static int converse(int n, const struct pam_message **m, struct pam_response **r, void *d) {
        *r = calloc(n, sizeof **r);
        if (m[0]->msg_style == PAM_PROMPT_ECHO_OFF) (*r)->resp = strdup("");
        return PAM_SUCCESS;
    }

    static int login(const char *folder) {
        struct pam_conv conversation = {converse, NULL};
        pam_handle_t *handle = NULL;
        if (pam_start_confdir("twostep", "alice", &conversation, folder, &handle) != PAM_SUCCESS) return 1000000;
        int status = pam_authenticate(handle, 0);
        pam_end(handle, status);
        return status;
    }

    static void state(char *text, size_t size) {
        int descriptors = 0;
        DIR *folder = opendir("/proc/self/fd");
        while (readdir(folder)) descriptors++;
        closedir(folder);
        size_t length = snprintf(text, size, "fds %d", descriptors);
        FILE *status = fopen("/proc/self/status", "r");
        char line[256];
        while (fgets(line, sizeof line, status)) {
            if (strncmp(line, "Threads:", 8) && strncmp(line, "SigCgt:", 7)) continue;
            line[strcspn(line, "\\n")] = 0;
            length += snprintf(text + length, size - length, " %s", line);
        }
        fclose(status);
    }

    int main(int count, char **words) {
        char before[1024], after[1024];
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_UNBLOCK, &all, NULL);
        signal(SIGPIPE, SIG_DFL);
        if (!strcmp(words[3], "storm")) storm();
        int sum = 0;
        /* The first login opens what libpam and syslog keep: neither is the module's. */
        login(words[1]);
        state(before, sizeof before);
        for (int i = atoi(words[2]); i > 0; i--) sum += login(words[1]);
        state(after, sizeof after);
        printf("%d\\n%s\\n%s\\n", sum, before, after);
        return 0;
    }
    """
