import CPAM
import Foundation
import PAMModule
import Testing
import Wire

/// What goes between the person and the daemon, and what the module keeps from either.
@Suite struct ConversationTests {
    typealias Message = ScriptedTransaction.Message

    @Test func `shows every style of prompt in PAM's own, and sends what is typed`() throws {
        let transaction = ScriptedTransaction(.types("123456"), .types("2"))
        let (status, frames) = try serve(for: transaction) { daemon in
            try daemon.receive()
            daemon.prompt(.info, "Hello.")
            daemon.prompt(.error, "Wrong before.")
            try daemon.ask(.secret, "Code: ")
            try daemon.ask(.visible, "Which?\n1 one\n2 two\n> ")
            daemon.verdict(.granted)
        }
        #expect(name(status) == "PAM_SUCCESS")
        #expect(
            transaction.shown == [
                Message(.info, "Hello."), Message(.error, "Wrong before."), Message(.secret, "Code: "),
                Message(.visible, "Which?\n1 one\n2 two\n> "),
            ])
        #expect(kinds(frames) == [.begin, .answer, .answer])
        #expect(payload(frames[1]) == Array("123456".utf8))
        #expect(payload(frames[2]) == Array("2".utf8))
        transaction.expectScriptIsOver()
    }

    @Test func `PAM_SILENT silences what informs, never what went wrong`() throws {
        let transaction = ScriptedTransaction()
        _ = try serve(flags: CInt(PAM_SILENT), for: transaction) { daemon in
            try daemon.receive()
            daemon.prompt(.info, "Hello.")
            daemon.prompt(.error, "Wrong.")
            daemon.verdict(.denied)
        }
        #expect(transaction.shown == [Message(.error, "Wrong.")])
    }

    @Test func `strips what would reach a terminal, and leaves the rest whole`() throws {
        let transaction = ScriptedTransaction(.types("1"))
        _ = try serve(for: transaction) { daemon in
            try daemon.receive()
            try daemon.ask(.visible, "\u{1B}]0;owned\u{07}C\u{202E}o\u{9B}de\r\n█: \u{0}")
            daemon.verdict(.denied, "N\u{1B}[2Jo\n.")
        }
        #expect(transaction.shown == [Message(.visible, "]0;ownedCode\n█: "), Message(.error, "N[2Jo.")])
    }

    @Test func `shows a prompt of 3,900 bytes whole`() throws {
        let text = String(repeating: "█", count: 1_300)
        let transaction = ScriptedTransaction(.types("1"))
        _ = try serve(for: transaction) { daemon in
            try daemon.receive()
            try daemon.ask(.visible, text)
            daemon.verdict(.denied)
        }
        #expect(transaction.shown == [Message(.visible, text)])
    }

    // MARK: Answers

    @Test func `a failed conversation is cancelled and told to PAM`() throws {
        let transaction = ScriptedTransaction(.fails)
        let (status, frames) = try serve(for: transaction) { daemon in
            try daemon.receive()
            try daemon.ask(.secret, "Code: ")
            // Whatever a daemon says to a cancelled login is not listened to.
            daemon.verdict(.granted)
        }
        #expect(name(status) == "PAM_CONV_ERR")
        #expect(kinds(frames) == [.begin, .cancel])
        #expect(transaction.journal.isEmpty)
    }

    @Test(arguments: [0, 1, 510, 511]) func `sends answers of every legal length, the empty one too`(length: Int) throws
    {
        let typed = [UInt8](repeating: 0x61, count: length)
        let transaction = ScriptedTransaction(.typesBytes(typed))
        let (_, frames) = try serve(for: transaction) { daemon in
            try daemon.receive()
            try daemon.ask(.secret, "Code: ")
            daemon.verdict(.denied)
        }
        #expect(kinds(frames) == [.begin, .answer])
        #expect(payload(frames.last) == typed)
    }

    @Test(arguments: [512, 513, 10_240, 1_048_576]) func `an answer that is too long is unusable`(length: Int) throws {
        let transaction = ScriptedTransaction(.typesBytes([UInt8](repeating: 0x61, count: length)))
        let (status, frames) = try serve(for: transaction) { daemon in
            try daemon.receive()
            try daemon.ask(.secret, "Code: ")
            daemon.verdict(.denied)
        }
        #expect(name(status) == "PAM_AUTH_ERR")
        #expect(kinds(frames) == [.begin, .unusable])
    }

    @Test func `sends bytes that are no text as they are`() throws {
        let junk: [UInt8] = [0x08, 0x0A, 0x0D, 0x7F] + Array("INCORRECT".utf8) + [0xFF, 0xFE]
        let transaction = ScriptedTransaction(.typesBytes(junk))
        let (_, frames) = try serve(for: transaction) { daemon in
            try daemon.receive()
            try daemon.ask(.secret, "Code: ")
            daemon.verdict(.denied)
        }
        #expect(payload(frames.last) == junk)
    }

    @Test(arguments: [PromptStyle.secret, .visible])
    func `an answer equal to PAM_AUTHTOK never leaves the host`(style: PromptStyle) throws {
        let transaction = ScriptedTransaction(.types("hunter2"), .types("hunter"), .types("hunter22"))
        transaction.items[.authtok] = Array("hunter2".utf8)
        let (_, frames) = try serve(for: transaction) { daemon in
            try daemon.receive()
            for _ in 0..<3 { try daemon.ask(style, "Code: ") }
            daemon.verdict(.denied)
        }
        #expect(kinds(frames) == [.begin, .unusable, .answer, .answer])
        #expect(!frames.contains { String(decoding: $0, as: UTF8.self).hasSuffix("hunter2") })
    }

    // MARK: authtok

    @Test func `a provider that wants the password gets the one that is there`() throws {
        let transaction = ScriptedTransaction()
        transaction.items[.authtok] = Array("hunter2".utf8)
        let (_, frames) = try serve(for: transaction) { daemon in
            try daemon.receive()
            try daemon.ask(.authtok, "Password: ")
            daemon.verdict(.granted)
        }
        #expect(payload(frames.last) == Array("hunter2".utf8))
        #expect(transaction.shown.isEmpty)
        #expect(transaction.authtoks.isEmpty)
    }

    @Test func `asks when there is no password, and leaves it to the lines below`() throws {
        for authtok in [nil, []] as [[UInt8]?] {
            let transaction = ScriptedTransaction(.types("hunter2"))
            transaction.items[.authtok] = authtok
            let (_, frames) = try serve(for: transaction) { daemon in
                try daemon.receive()
                try daemon.ask(.authtok, "Password: ")
                daemon.verdict(.granted)
            }
            #expect(payload(frames.last) == Array("hunter2".utf8))
            #expect(transaction.shown == [Message(.secret, "Password: ")])
            #expect(transaction.authtoks == [Array("hunter2".utf8)])
        }
    }

    @Test func `asks when the password that was there was wrong`() throws {
        let transaction = ScriptedTransaction(.types("hunter3"))
        transaction.items[.authtok] = Array("hunter2".utf8)
        let (_, frames) = try serve(for: transaction) { daemon in
            try daemon.receive()
            try daemon.ask(.authtok, "Password: ")
            try daemon.ask(.authtok, "Wrong. Password: ")
            daemon.verdict(.granted)
        }
        #expect(frames.dropFirst().map { payload($0) } == [Array("hunter2".utf8), Array("hunter3".utf8)])
        #expect(transaction.shown == [Message(.secret, "Wrong. Password: ")])
        #expect(transaction.items[.authtok] == Array("hunter3".utf8))
    }

    @Test func `a password that is too long is unusable, and is not left behind when it was typed`() throws {
        let transaction = ScriptedTransaction(.typesBytes([UInt8](repeating: 0x61, count: 512)))
        transaction.items[.authtok] = [UInt8](repeating: 0x62, count: 512)
        let (_, frames) = try serve(for: transaction) { daemon in
            try daemon.receive()
            try daemon.ask(.authtok, "Password: ")
            try daemon.ask(.authtok, "Password: ")
            daemon.verdict(.denied)
        }
        #expect(kinds(frames) == [.begin, .unusable, .unusable])
        #expect(transaction.authtoks.isEmpty)
    }

    @Test func `the password that was typed for a provider is no code either`() throws {
        let transaction = ScriptedTransaction(.types("hunter2"), .types("hunter2"))
        let (_, frames) = try serve(for: transaction) { daemon in
            try daemon.receive()
            try daemon.ask(.authtok, "Password: ")
            try daemon.ask(.secret, "Code: ")
            daemon.verdict(.denied)
        }
        #expect(kinds(frames) == [.begin, .answer, .unusable])
    }

    // MARK: set

    @Test func `sets what it may set`() throws {
        let transaction = ScriptedTransaction(.types("hunter2123456"))
        let (status, _) = try serve(for: transaction) { daemon in
            try daemon.receive()
            try daemon.ask(.secret, "Password and code: ")
            daemon.setAuthtok(prefix: 7)
            daemon.set("TWOSTEP_PROVIDER", "linux")
            daemon.set("TWOSTEP_" + String(repeating: "A", count: 32), String(repeating: "v", count: 256))
            daemon.set("TWOSTEP__", "")
            daemon.verdict(.granted)
        }
        #expect(name(status) == "PAM_SUCCESS")
        #expect(transaction.authtoks == [Array("hunter2".utf8)])
        #expect(transaction.assignments.map { $0.prefix { $0 != "=" }.count } == [16, 40, 9])
        #expect(transaction.assignments.first == "TWOSTEP_PROVIDER=linux")
        #expect(transaction.assignments.last == "TWOSTEP__=")
    }

    @Test(arguments: [
        ("LD_PRELOAD", "/tmp/x.so"), ("TWOSTEP_", "x"), ("TWOSTEP", "x"), ("", "x"), ("TWOSTEP_a", "x"),
        ("TWOSTEP_A1", "x"), ("TWOSTEP_A=B", "x"), ("TWOSTEP_A B", "x"), ("XTWOSTEP_A", "x"), ("TWOSTEP_A\u{0}", "x"),
        ("TWOSTEP_A", "a\nb"), ("TWOSTEP_A", "a\u{1B}b"), ("TWOSTEP_A", "a\u{0}b"), ("TWOSTEP_A", "a\u{202E}b"),
    ])
    func `refuses to set anything else`(item: (String, String)) throws {
        let transaction = ScriptedTransaction()
        let (status, _) = try serve(for: transaction) { daemon in
            try daemon.receive()
            daemon.set(item.0, item.1)
            daemon.verdict(.granted)
        }
        #expect(name(status) == "PAM_AUTHINFO_UNAVAIL")
        #expect(transaction.assignments.isEmpty)
        #expect(transaction.journal.count == 1)
    }

    @Test func `refuses a password that was not typed in this conversation`() throws {
        let transaction = ScriptedTransaction()
        transaction.items[.authtok] = Array("hunter2".utf8)
        let (status, _) = try serve(for: transaction) { daemon in
            try daemon.receive()
            try daemon.ask(.authtok, "Password: ")
            daemon.setAuthtok(prefix: 3)
            daemon.verdict(.granted)
        }
        #expect(name(status) == "PAM_AUTHINFO_UNAVAIL")
        #expect(transaction.authtoks.isEmpty)
        #expect(transaction.journal.first?.contains("password that was not typed") == true)
    }

    @Test(arguments: [0, 7, 511] as [UInt16])
    func `refuses a prefix that is empty or longer than what was typed`(prefix: UInt16) throws {
        let transaction = ScriptedTransaction(.types("123456"))
        let (status, _) = try serve(for: transaction) { daemon in
            try daemon.receive()
            try daemon.ask(.secret, "Code: ")
            daemon.setAuthtok(prefix: prefix)
            daemon.verdict(.granted)
        }
        #expect(name(status) == "PAM_AUTHINFO_UNAVAIL")
        #expect(transaction.authtoks.isEmpty)
    }

    @Test func `is unavailable when PAM takes nothing`() throws {
        for index in 0..<3 {
            let transaction = ScriptedTransaction(.types("hunter2"))
            transaction.takesItems = false
            let (status, _) = try serve(for: transaction) { daemon in
                try daemon.receive()
                try daemon.ask(index == 0 ? .authtok : .secret, "Password: ")
                if index == 1 { daemon.setAuthtok(prefix: 7) }
                if index == 2 { daemon.set("TWOSTEP_MODULES", "totp") }
                daemon.verdict(.granted)
            }
            #expect(name(status) == "PAM_AUTHINFO_UNAVAIL")
        }
    }

    // MARK: A daemon out of bounds

    @Test func `answers 32 questions and not a 33rd`() throws {
        for (questions, expected) in [(32, "PAM_SUCCESS"), (33, "PAM_AUTHINFO_UNAVAIL")] {
            let transaction = ScriptedTransaction(repeating: .types("1"))
            let (status, frames) = try serve(for: transaction) { daemon in
                try daemon.receive()
                for _ in 0..<questions { try daemon.ask(.secret, "Code: ") }
                daemon.verdict(.granted)
            }
            #expect(name(status) == expected)
            #expect(frames.count == 33)
        }
    }

    @Test func `shows 16 messages between two questions and not a 17th`() throws {
        for (count, expected) in [(16, "PAM_SUCCESS"), (17, "PAM_AUTHINFO_UNAVAIL")] {
            for style in [PromptStyle.info, .error] {
                for flags in [0, CInt(PAM_SILENT)] {
                    let transaction = ScriptedTransaction(.types("1"))
                    let (status, _) = try serve(flags: flags, for: transaction) { daemon in
                        try daemon.receive()
                        for _ in 0..<16 { daemon.prompt(style, "Wait.") }
                        try daemon.ask(.visible, "? ")
                        for _ in 0..<count { daemon.prompt(style, "Wait.") }
                        daemon.verdict(.granted)
                    }
                    #expect(name(status) == expected)
                }
            }
        }
    }

    @Test func `sets 16 things and not a 17th`() throws {
        for (count, expected) in [(16, "PAM_SUCCESS"), (17, "PAM_AUTHINFO_UNAVAIL")] {
            let transaction = ScriptedTransaction()
            let (status, _) = try serve(for: transaction) { daemon in
                try daemon.receive()
                for _ in 0..<count { daemon.set("TWOSTEP_A", "b") }
                daemon.verdict(.granted)
            }
            #expect(name(status) == expected)
        }
    }

    @Test(arguments: [VerdictCode.granted, .exempt])
    func `takes no grant that came before the answer was sent`(code: VerdictCode) throws {
        // The script's reply comes when the verdict lies there: the module asks only after it was sent.
        let transaction = ScriptedTransaction(.types("123456"))
        let (status, frames) = try serve(line: ["exempt=success"], for: transaction) { daemon in
            try daemon.receive()
            var question = FrameBuffer.empty()
            question.setPrompt(.secret, patience: 0, text: Array("Code: ".utf8).span, version: 1)
            var verdict = FrameBuffer.empty()
            verdict.setVerdict(code, text: [UInt8]().span, version: 1)
            daemon.send(
                question.withBytes { bytes in bytes.indices.map { bytes[$0] } }
                    + verdict.withBytes { bytes in bytes.indices.map { bytes[$0] } })
        }
        #expect(name(status) == "PAM_AUTHINFO_UNAVAIL")
        #expect(kinds(frames) == [.begin])
        #expect(transaction.journal.first?.contains("before it had the answer") == true)
    }

    @Test func `learns that the session was over while the person typed`() throws {
        let transaction = ScriptedTransaction(.types("123456"))
        let (status, _) = try serve(for: transaction) { daemon in
            try daemon.receive()
            var question = FrameBuffer.empty()
            question.setPrompt(.secret, patience: 0, text: Array("Code: ".utf8).span, version: 1)
            var verdict = FrameBuffer.empty()
            verdict.setVerdict(.denied, text: Array("That took too long.".utf8).span, version: 1)
            daemon.send(
                question.withBytes { bytes in bytes.indices.map { bytes[$0] } }
                    + verdict.withBytes { bytes in bytes.indices.map { bytes[$0] } })
        }
        #expect(name(status) == "PAM_AUTH_ERR")
        #expect(transaction.shown.last == Message(.error, "That took too long."))
    }

    @Test func `a prompt of more than 3,900 bytes is no prompt`() throws {
        let transaction = ScriptedTransaction()
        let (status, _) = try serve(for: transaction) { daemon in
            try daemon.receive()
            daemon.send { frame in
                frame.start(.prompt, version: 1)
                frame.append(uint8: 2)
                frame.append(uint16: 0)
                frame.append(field: [UInt8](repeating: 0x41, count: 3_901).span, atMost: 4_000)
                frame.finish()
            }
        }
        #expect(name(status) == "PAM_AUTHINFO_UNAVAIL")
        #expect(transaction.shown.count == 1)
    }

    @Test func `random bytes from the daemon never let anybody in`() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let junk = (0..<Int.random(in: 1...64, using: &generator)).map { _ in UInt8.random(in: 0...255) }
            let transaction = ScriptedTransaction(repeating: .types("1"))
            let (status, _) = try serve(line: ["exempt=success"], for: transaction) { daemon in
                try daemon.receive()
                daemon.send([0, 0, 0, UInt8(junk.count + 2), 1, 0x81 + UInt8.random(in: 0...2)] + junk)
                daemon.close()
            }
            #expect(name(status) == "PAM_AUTHINFO_UNAVAIL", "\(junk)")
        }
    }
}
