import Authentication
import SecurityKeyProtocol
import Testing

/// What the daemon and whoever asks security keys write to each other.
@Suite struct SecurityKeyFrameTests {
    static let answers: [SecurityKeyAnswer] =
        [
            .asserted(credential: [1, 2], authenticatorData: Array(repeating: 3, count: 300), signature: [4]),
            .registered(authenticatorData: [5]), .failed("nobody is there"),
        ] + SecurityKeyAnswer.Refusal.allCases.map { .refused($0) }

    private static func question(_ wish: SecurityKeyQuestion.Wish, pin: String) -> SecurityKeyQuestion {
        SecurityKeyQuestion(
            wish, relyingParty: "pam://host", clientDataHash: Array(0..<32), wantsPresence: true,
            verification: .preferred,
            seconds: 30, pin: typed(pin))
    }

    // The macros of Swift Testing take no spans.

    private func question(_ frame: [UInt8]) -> SecurityKeyQuestion? { SecurityKeyQuestion(frame: frame.span) }

    private func answer(_ frame: [UInt8]) -> SecurityKeyAnswer? { SecurityKeyAnswer(frame: frame.span) }

    static let wishes: [SecurityKeyQuestion.Wish] = [
        .assertion(credentials: [[1], Array(repeating: 2, count: 1023)]),
        .registration(user: "alice", handle: Array(repeating: 7, count: 32)),
    ]

    @Test(arguments: wishes) func `a question is read as it was asked`(_ wish: SecurityKeyQuestion.Wish) throws {
        for pin in ["", "1234", String(repeating: "x", count: 63)] {
            let frame = bytes(Self.question(wish, pin: pin).frame())
            let read = try #require(question(frame))
            #expect(read.wish == wish && read.relyingParty == "pam://host" && read.clientDataHash == Array(0..<32))
            #expect(read.wantsPresence && read.verification == .preferred && read.seconds == 30)
            #expect(read.pin.isSame(as: typed(pin)))
            for length in frame.indices { #expect(question(Array(frame[..<length])) == nil) }
            #expect(question(frame + [0]) == nil)
        }
    }

    @Test(arguments: answers) func `an answer is read as it was given`(_ answer: SecurityKeyAnswer) {
        let frame = bytes(answer.frame())
        #expect(self.answer(frame) == answer)
        for length in frame.indices { #expect(self.answer(Array(frame[..<length])) == nil) }
        #expect(self.answer(frame + [0]) == nil)
    }

    @Test(
        arguments: [
            [0, 0, 0, 3, 1, 3, 9], [0, 0, 0, 5, 1, 3, 0, 1, 0], [0, 0, 0, 5, 1, 3, 0, 1, 10],
            [0, 0, 0, 5, 2, 3, 0, 1, 1],
            [0, 0, 0, 5, 1, 4, 0, 1, 10], [0, 0, 0, 4, 1, 2, 0, 0], [0, 0, 0, 2, 1, 1], [0xFF, 0xFF, 0xFF, 0xFF, 1, 3],
        ] as [[UInt8]]) func `what is no answer is none`(_ frame: [UInt8])
    {
        #expect(answer(frame) == nil)
    }

    @Test func `what goes to the journal is a line of plain text`() {
        let frame = bytes(SecurityKeyAnswer.failed("a\nlogin granted user=\"root\"").frame())
        #expect(answer(frame) == nil)
    }
}
