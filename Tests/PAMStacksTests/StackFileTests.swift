import PAMStacks
import Testing

@Suite struct StackFileTests {
    func file(_ text: String) -> StackFile { StackFile(path: "/etc/pam.d/s", bytes: Array(text.utf8)) }

    struct Reading: Sendable, CustomTestStringConvertible {
        let text: String
        let lines: ClosedRange<Int>
        let module: String?
        var arguments: [String] = []
        var testDescription: String { text }
    }

    @Test(arguments: [
        Reading(text: "auth required pam_unix.so nullok", lines: 1...1, module: "pam_unix.so", arguments: ["nullok"]),
        Reading(text: "\n# no\n\tAUTH\tRequired pam_unix.so # yes", lines: 3...3, module: "pam_unix.so"),
        Reading(text: "auth required \\\n  pam_unix.so\n", lines: 1...2, module: "pam_unix.so"),
        Reading(text: "auth \\  \n# between\n\n required pam_unix.so", lines: 1...4, module: "pam_unix.so"),
        Reading(
            text: "auth [success=1 default=ignore]pam_unix.so [a b\\]c] d", lines: 1...1, module: "pam_unix.so",
            arguments: ["a b]c", "d"]),
        Reading(text: "-auth optional /lib/security/pam_x.so", lines: 1...1, module: "pam_x.so"),
        // Before a comment a backslash is a word.
        Reading(text: "auth required \\ # x", lines: 1...1, module: "\\"),
    ]) func `a line is read as libpam reads it`(_ reading: Reading) throws {
        let line = try #require(file(reading.text).lines.first)
        #expect(line.lines == reading.lines)
        #expect(line.module == reading.module)
        #expect(line.arguments == reading.arguments)
        #expect(line.group == .auth)
    }

    @Test(arguments: [
        ("@include common-auth", StackLine.Content.wholeFile("common-auth")),
        ("@INCLUDE a b", .wholeFile("a")),
        ("auth Include a", .include("a")),
        ("auth substack a", .substack("a")),
        ("auth", .broken("a line without a control", control: Control("required"))),
        ("auth sufficient", .broken("a line without a module", control: Control("sufficient"))),
    ]) func `what includes and what is missing is told apart`(_ text: String, _ content: StackLine.Content) {
        #expect(file(text).lines.map(\.content) == [content])
    }

    @Test func `a file that ends within a line is cut off`() {
        #expect(file("auth required pam_unix.so \\").isCutOff)
        #expect(file("auth required pam_unix.so \\\n\n# x\n").isCutOff)
        #expect(!file("auth required pam_unix.so").isCutOff)
    }

    @Test func `lines are kept as they stand`() {
        let file = file("a\n\tb  \n\nc")
        #expect((0...5).map { file.text(ofLine: $0) } == [nil, "a", "\tb  ", "", "c", nil])
    }

    @Test(arguments: [
        ("auth  \trequired   pam_unix.so  nullok # why", [1: "requisite"], "auth  \trequisite   pam_unix.so  nullok"),
        ("auth [success=1 default=ignore] pam_unix.so", [1: "requisite"], "auth requisite pam_unix.so"),
        ("auth required pam_twostep.so a exempt=success b", [4: ""], "auth required pam_twostep.so a b"),
        ("auth [a=b] \\\n pam_unix.so [x y]", [0: "account"], "account [a=b] pam_unix.so [x y]"),
        // Without its comment the backslash would continue the line with the next one.
        ("auth required \\ # x", [1: "requisite"], "auth requisite \\ #"),
    ]) func `a line is written anew with everything else in its place`(
        _ text: String, _ words: [Int: String], _ expected: String
    ) {
        #expect(file(text).lines.map { $0.text(replacing: words) } == [expected])
    }

    @Test(arguments: [
        ("required", PAMResult.authenticationError, Action.bad), ("REQUISITE", .authenticationError, .die),
        ("optional", .ignore, .ignore), ("sufficient", .newTokenRequired, .done), ("required", .ignore, .ignore),
        ("success=1 default=ignore", .success, .jump(1)), ("success=1 default=ignore", .authenticationError, .ignore),
        ("default=die success=ok", .success, .ok), ("default=ok default=die", .abort, .ok),
        (" success = ok  default = bad ", .success, .ok), ("success=okdefault=die", .userUnknown, .die),
        ("success=ok", .userUnknown, .bad),
        // libpam knows these words in small letters alone.
        ("Success=ok", .success, .bad), ("success=0", .success, .bad), ("needed", .success, .bad),
        ("success=99999999999999999999", .success, .jump(.max)),
    ]) func `a control says what is done with a result`(_ text: String, _ result: PAMResult, _ action: Action) {
        #expect(Control(text)[result] == action)
    }

    @Test func `mends change their lines and no other byte`() {
        let bytes = Array("a\n\tb\r\nc".utf8)
        func text(_ mend: Mend) -> String? { mend.applied(to: bytes).map { String(decoding: $0, as: UTF8.self) } }
        #expect(text(.replace("f", 1...1, with: "x")) == "x\n\tb\r\nc")
        #expect(text(.replace("f", 1...2, with: "x")) == "x\nc")
        #expect(text(.replace("f", 3...3, with: "x")) == "a\n\tb\r\nx")
        #expect(text(.replace("f", 4...4, with: "x")) == nil)
        #expect(text(.insert("f", before: 1, "x")) == "x\na\n\tb\r\nc")
        #expect(text(.insert("f", before: 3, "x")) == "a\n\tb\r\nx\nc")
        #expect(text(.insert("f", before: 4, "x")) == "a\n\tb\r\nc\nx\n")
        #expect(text(.insert("f", before: 5, "x")) == nil)
        #expect(text(.write("f", "x")) == "x")
        #expect(text(.command("x")) == nil)
    }
}
