import Testing
import Wire

@Suite struct FrameTests {
    // MARK: Round trips

    @Test func `reads a begin as it was built`() throws {
        var fields = BeginFields()
        fields.stage = .changeUpdate
        fields.flags = 0x8000
        fields.hasAuthtok = true
        fields.remoteHost = "192.0.2.7"
        fields.terminal = "ssh"
        fields.connection = "192.0.2.7 50000 192.0.2.1 22"
        fields.evidence = ["publickey ssh-ed25519", "password"]
        fields.arguments = ["provider=linux:2"]
        #expect(try Decoded(fields.frame()) == .begin(fields))
    }

    @Test func `a begin with every field at its limit fits a frame`() throws {
        let frame = BeginFields.full.frame()
        #expect(frame.count <= Wire.maximumFrame)
        #expect(try Decoded(frame) == .begin(.full))
    }

    @Test(arguments: [PromptStyle.secret, .visible, .error, .info, .authtok])
    func `reads a prompt of every style as it was built`(style: PromptStyle) throws {
        let text = String(repeating: "█", count: 1_300)
        #expect(text.utf8.count == Wire.maximumText)
        #expect(
            try Decoded(Samples.prompt(style, patience: 65_535, text))
                == .prompt(style, patience: 65_535, text: text))
    }

    @Test(arguments: allVerdictCodes)
    func `reads a verdict of every code as it was built`(code: VerdictCode) throws {
        #expect(try Decoded(Samples.verdict(code, "Try later.")) == .verdict(code, text: "Try later."))
    }

    @Test(arguments: [0, 1, 511])
    func `reads an answer of every legal length as it was built`(length: Int) throws {
        let typed = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
        #expect(try Decoded(Samples.answer(typed)) == .answer(typed))
    }

    @Test func `builds no answer of more than 511 bytes`() {
        var frame = FrameBuffer.empty()
        let typed = [UInt8](repeating: 0x41, count: 512)
        let built = frame.setAnswer(typed.span, version: 1)
        #expect(!built)
        #expect(frame.count == 0)
    }

    @Test func `reads what may be set as it was built`() throws {
        #expect(
            try Decoded(Samples.environment("TWOSTEP_MODULES", "totp"))
                == .environment(name: "TWOSTEP_MODULES", value: "totp"))
        #expect(try Decoded(Samples.authtok(prefix: 511)) == .authtok(prefix: 511))
        #expect(throws: WireError.malformed) { try Decoded(Samples.authtok(prefix: 512)) }
    }

    @Test func `leaves a field out rather than cutting it`() throws {
        var frame = FrameBuffer.empty()
        frame.start(.verdict, version: 1)
        let text = [UInt8](repeating: 0x41, count: 65)
        let fits = frame.append(field: text.span, atMost: 64)
        #expect(!fits)
        #expect(frame.array().suffix(2) == [0, 0])
    }

    @Test func `a list keeps to its length and to its items' length`() throws {
        var fields = BeginFields.full
        let frame = fields.frame()
        fields.evidence.append("one more")
        fields.arguments.append("one more")
        #expect(fields.frame() == frame)
        fields.evidence = [String(repeating: "e", count: 65), "password"]
        guard case .begin(let read) = try Decoded(fields.frame()) else {
            Issue.record("a begin was built, something else was read")
            return
        }
        #expect(read.evidence == ["password"])
    }

    // MARK: Headers

    @Test(arguments: [0, 1, 4093, 4094, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF] as [UInt32])
    func `refuses a length that is too small or too great`(length: UInt32) {
        #expect(throws: WireError.malformed) { try judge(header(length, kind: 0x01)) }
    }

    @Test(arguments: [2, 3, 4092] as [UInt32])
    func `accepts a length from an empty payload to the whole frame`(length: UInt32) throws {
        #expect(try judge(header(length, kind: 0x82)) == Int(length) - 2)
    }

    @Test func `refuses a payload that its kind cannot have`() throws {
        #expect(try judge(header(2 + 511, kind: 0x02)) == 511)
        #expect(throws: WireError.malformed) { try judge(header(2 + 512, kind: 0x02)) }
        #expect(throws: WireError.malformed) { try judge(header(3, kind: 0x03)) }
        #expect(throws: WireError.malformed) { try judge(header(3, kind: 0x04)) }
    }

    @Test func `knows seven kinds of frame and no others`() {
        let known: Set<UInt8> = [0x01, 0x02, 0x03, 0x04, 0x81, 0x82, 0x83]
        for code in UInt8.min...UInt8.max {
            #expect(((try? judge(header(2, kind: code))) != nil) == known.contains(code))
        }
    }

    // MARK: Damage

    @Test func `a frame that breaks off anywhere is no frame`() {
        for frame in Samples.all {
            for length in 0..<frame.count {
                #expect(throws: WireError.self) { try Decoded(Array(frame.prefix(length))) }
            }
        }
    }

    @Test func `a payload that breaks off anywhere is malformed, even where the length agrees`() {
        for frame in Samples.all where frame[5] != 0x02 && frame.count > 6 {
            for length in 6..<frame.count {
                var short = Array(frame.prefix(length))
                short[2] = UInt8((length - 4) >> 8)
                short[3] = UInt8((length - 4) & 0xFF)
                #expect(throws: WireError.malformed) { try Decoded(short) }
            }
        }
    }

    @Test func `a payload with one byte more is malformed`() {
        for frame in Samples.all where frame[5] != 0x02 && frame.count < Wire.maximumFrame {
            var long = frame + [0]
            long[2] = UInt8((long.count - 4) >> 8)
            long[3] = UInt8((long.count - 4) & 0xFF)
            #expect(throws: WireError.malformed) { try Decoded(long) }
        }
    }

    @Test func `no single flipped bit turns a refusal into a grant`() {
        for code in allVerdictCodes where code != .granted {
            let frame = Samples.verdict(code, "No.")
            for bit in 0..<(frame.count * 8) {
                var flipped = frame
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                if case .verdict(let read, _) = try? Decoded(flipped) { #expect(read == code) }
            }
        }
    }

    @Test func `random bytes and flipped bits are refused or read, and never granted by accident`() {
        var generator = SeededGenerator(seed: 20_190_517)
        let samples = Samples.all
        for _ in 0..<50_000 {
            var frame: [UInt8]
            if Bool.random(using: &generator), let sample = samples.randomElement(using: &generator) {
                frame = sample
                for _ in 0..<Int.random(in: 1...8, using: &generator) {
                    let index = Int.random(in: 0..<frame.count, using: &generator)
                    frame[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                }
            } else {
                frame = (0..<Int.random(in: 0...64, using: &generator)).map { _ in
                    .random(in: 0...255, using: &generator)
                }
                // Most random headers are refused at once: half of these get past it.
                if frame.count >= 6, Bool.random(using: &generator) {
                    let length = frame.count - 4
                    frame.replaceSubrange(0..<5, with: [0, 0, UInt8(length >> 8), UInt8(length & 0xFF), 1])
                    frame[5] = [0x01, 0x02, 0x03, 0x04, 0x81, 0x82, 0x83].randomElement(using: &generator) ?? 0x83
                }
            }
            if case .verdict(.granted, _) = try? Decoded(frame) {
                #expect(frame[6..<10] == [0x5A, 0xC3, 0x9E, 0x17])
            }
        }
    }

    @Test func `verdict codes differ from each other in at least ten bits`() {
        for left in allVerdictCodes {
            for right in allVerdictCodes where left != right {
                #expect((left.rawValue ^ right.rawValue).nonzeroBitCount >= 10, "\(left) and \(right)")
            }
            // Memory that was never written is no verdict either.
            #expect(left.rawValue.nonzeroBitCount >= 10)
            #expect((~left.rawValue).nonzeroBitCount >= 10)
        }
    }

    // MARK: Versions

    @Test func `reads the versions on offer from a begin of any version`() throws {
        #expect(try offer([3, 7, 99, 98, 97]) == 3...7)
        for payload in [[0, 1], [2, 1], [1], []] as [[UInt8]] {
            #expect(throws: WireError.malformed) { try offer(payload) }
        }
    }

    @Test func `a begin is laid out as the lowest version on offer, and says so`() {
        var fields = BeginFields()
        fields.versions = 4...5
        #expect(fields.frame()[4...7] == [4, 0x01, 4, 5])
    }

    private func offer(_ payload: [UInt8]) throws(WireError) -> ClosedRange<UInt8> {
        let offer = try Begin.offer(payload.span)
        return offer.lowest...offer.highest
    }

    /// The size of the payload that a header announces.
    private func judge(_ header: [UInt8]) throws(WireError) -> Int { try FrameHeader(header.span).payloadCount }

    private func header(_ length: UInt32, kind: UInt8) -> [UInt8] {
        [UInt8(length >> 24), UInt8(length >> 16 & 0xFF), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF), 1, kind]
    }
}

/// Every code there is; the switch makes the compiler say so when one is added.
let allVerdictCodes: [VerdictCode] = {
    func following(_ code: VerdictCode) -> VerdictCode? {
        switch code {
        case .granted: .exempt
        case .exempt: .denied
        case .denied: .triesUsedUp
        case .triesUsedUp: .unavailable
        case .unavailable: .conversationFailed
        case .conversationFailed: .badArgument
        case .badArgument: .noOpinion
        case .noOpinion: .blocked
        case .blocked: nil
        }
    }
    return Array(sequence(first: .granted, next: following))
}()
