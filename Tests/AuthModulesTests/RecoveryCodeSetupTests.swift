import AuthModules
import Authentication
import Testing

@Suite struct RecoveryCodeSetupTests {
    @Test func `issues ten codes of 24 base32 characters in groups of four, one a line`() throws {
        let module = try RecoveryCodeModule(ModuleID("recovery_code"))
        let setup = try module.beginSetup(try RecoveryCodeModuleTests.request())
        let printed = text(setup.codes)
        #expect(printed.hasSuffix("\n"))
        let codes = printed.split(separator: "\n")
        #expect(codes.count == 10)
        for code in codes {
            let groups = code.split(separator: "-", omittingEmptySubsequences: false)
            #expect(groups.map(\.count) == [4, 4, 4, 4, 4, 4])
            #expect(groups.joined().utf8.allSatisfy { Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8).contains($0) })
        }
        #expect(Set(codes).count == 10)
        #expect(setup.uri.count == 0 && setup.key.count == 0 && setup.initialState == 0)
        #expect(setup.confirmation == .nothing && setup.canGoUnconfirmed)
    }

    @Test func `gives an account one set, together with its first device`() throws {
        let module = try RecoveryCodeModule(ModuleID("recovery_code"))
        #expect(module.hasOneDevice && module.isIssuedWithFirstDevice && module.usualDeviceName == "codes")
        #expect(!module.isLowEntropy && module.resetsThrottle && !module.stretchesAnswers)
        #expect(module.answerShape == .base32(24))
        #expect(module.inputSchema.fields == [InputField(name: "code", label: "Recovery code", kind: .secret)])
    }

    @Test(arguments: [1, 10, 20]) func `issues as many codes as were asked for`(count: Int) throws {
        var paper = try RecoveryCodeModuleTests.Paper(count: count)
        #expect(paper.codes.count == count)
        for code in paper.codes { #expect(paper.refusal(of: code) == nil) }
        #expect(paper.scene.list[0].state == (1 << Int64(count)) - 1)
    }

    @Test(arguments: [
        (["count": "0"], "count is '0', expected a whole number from 1 to 20"),
        (["count": "21"], "count is '21', expected a whole number from 1 to 20"),
        (["count": "ten"], "count is 'ten', expected a whole number from 1 to 20"),
        (["digits": "6"], "'digits' is no parameter of recovery_code, expected count"),
        (["counts": "6"], "'counts' is no parameter of recovery_code, expected count, did you mean 'count'?"),
    ])
    func `refuses other parameters, and says what was expected`(typed: [String: String], expected: String) throws {
        let module = try RecoveryCodeModule(ModuleID("recovery_code"))
        let request = try RecoveryCodeModuleTests.request(typed)
        do throws(SetupFailure) {
            _ = try module.beginSetup(request)
            Issue.record("it was accepted")
        } catch {
            #expect(error.explanation == expected)
        }
    }

    @Test func `stores no code, only digests under a key of each set's own`() throws {
        let module = try RecoveryCodeModule(ModuleID("recovery_code"))
        let setup = try module.beginSetup(try RecoveryCodeModuleTests.request())
        let stored = bytes(setup.payload)
        #expect(stored.count == 2 + 32 + 10 * 32 && stored.prefix(2) == [1, 10])
        let printed = text(setup.codes)
        for line in printed.split(separator: "\n") {
            let code = try #require(decoded(Array(line.utf8)))
            #expect(!(0...stored.count - code.count).contains { Array(stored[$0..<$0 + code.count]) == code })
        }
        let other = bytes(try module.beginSetup(try RecoveryCodeModuleTests.request()).payload)
        #expect(stored[2..<34] != other[2..<34])
    }

    @Test func `needs no first code to be stored`() throws {
        let module = try RecoveryCodeModule(ModuleID("recovery_code"))
        let setup = try module.beginSetup(try RecoveryCodeModuleTests.request())
        let finished = try module.finishSetup(setup, typed(""), at: moment(0))
        let state = finished.state
        #expect(state == 0 && finished.payload.count == 0)
    }
}
