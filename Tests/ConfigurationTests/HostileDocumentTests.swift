import AuthenticationTesting
import Authentication
import Configuration
import Testing

/// Documents that were made to hurt: none may crash, take long, or be read with fewer steps than it names.
@Suite struct HostileDocumentTests {
    /// The lines of it say by their indentation what they are, so that a mutated one can be counted by hand.
    static let good = """
        auth_providers:
          - type: pam
            modules:
              - totp
              - type: pins
                users: [{username: ann, pin: '007'}]
          - type: linux
            id: b
            modules:
              - type: totp
              - any_of: [recovery_code, broken]

        """

    /// What the lines of a document say: how many providers, and how many steps all of them owe.
    static func counted(_ text: String) -> (providers: Int, steps: Int) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return (lines.count { $0.hasPrefix("  - ") }, lines.count { $0.hasPrefix("      - ") })
    }

    @Test func `no flipped bit crashes it or takes a step away`() {
        let bytes = Array(HostileDocumentTests.good.utf8)
        #expect(Fakes.problems(HostileDocumentTests.good) == [])
        var accepted = 0
        for index in bytes.indices {
            for bit in 0..<8 {
                var mutated = bytes
                mutated[index] ^= 1 << UInt8(bit)
                guard case .success(let configuration) = Fakes.reader.read(mutated, file: "f") else { continue }
                accepted += 1
                let text = String(decoding: mutated, as: UTF8.self)
                let told = HostileDocumentTests.counted(text)
                let chains = configuration.policy.chains
                #expect(chains.count == told.providers, "\(text)")
                #expect(chains.reduce(0) { $0 + $1.steps.count } == told.steps, "\(text)")
                #expect(configuration.policy.rules.isEmpty)
                for step in chains.flatMap(\.steps) {
                    for id in step.alternatives { #expect(configuration.modules[id] != nil, "\(text)") }
                }
            }
        }
        // Inside names, ids and pins a flipped bit is another good document.
        #expect(accepted > 50)
        print("bit flips accepted: \(accepted) of \(bytes.count * 8)")
    }

    @Test func `no document cut short crashes it or takes a step away`() {
        let bytes = Array(HostileDocumentTests.good.utf8)
        for length in bytes.indices {
            guard case .success(let configuration) = Fakes.reader.read(Array(bytes.prefix(length)), file: "f") else {
                continue
            }
            let told = HostileDocumentTests.counted(String(decoding: bytes.prefix(length), as: UTF8.self))
            #expect(configuration.policy.chains.count == told.providers)
            #expect(configuration.policy.chains.reduce(0) { $0 + $1.steps.count } == told.steps)
        }
    }

    @Test func `no line left out or doubled crashes it or takes a step away`() {
        let lines = HostileDocumentTests.good.split(separator: "\n")
        for index in lines.indices {
            var without = lines
            without.remove(at: index)
            var doubled = lines
            doubled.insert(lines[index], at: index)
            for text in [without.joined(separator: "\n"), doubled.joined(separator: "\n")] {
                guard let configuration = try? Fakes.configuration(text) else { continue }
                let steps = configuration.policy.chains.reduce(0) { $0 + $1.steps.count }
                #expect(steps == HostileDocumentTests.counted(text).steps, "\(text)")
            }
        }
    }

    @Test func `random bytes are refused`() {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<2000 {
            let length = Int.random(in: 0..<200, using: &generator)
            let alphabet = Array("[]{}:,-?&*!|>'\"%@`#\n \tab\u{E9}".utf8)
            let bytes = (0..<length).map { _ in
                Bool.random(using: &generator)
                    ? UInt8.random(in: 0...255, using: &generator)
                    : alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            guard case .failure(let problems) = Fakes.reader.read(bytes, file: "f") else {
                Issue.record("accepted \(bytes)")
                continue
            }
            #expect(!problems.all.isEmpty)
        }
    }

    @Test(arguments: [
        String(repeating: "[", count: 1 << 20),
        String(repeating: "{a: ", count: 200_000),
        String(repeating: "- ", count: 500_000),
        String(repeating: "? ", count: 500_000),
        String(repeating: "[", count: 34) + String(repeating: "]", count: 34),
    ]) func `nothing is read that is too deep`(_ text: String) {
        let problems = Fakes.problems(text)
        #expect(problems.count == 1)
        // libyaml has a limit of its own for brackets, which it looks ahead for.
        let isTooDeep = problems.first.map { $0.contains("in each other") || $0.contains("Maximum nesting level") }
        #expect(isTooDeep == true, "\(problems)")
    }

    @Test(arguments: ["- a\n", "a: b\n"]) func `nothing is read that has too many values`(_ line: String) {
        var text = "auth_providers: [{type: linux}]\nx:\n"
        for index in 0..<100_000 { text += line == "- a\n" ? " - a\n" : " k\(index): b\n" }
        // A million bytes are too many of themselves; this is about what fits in.
        let problems = Fakes.problems(String(text.prefix(1 << 20)))
        #expect(problems.last?.contains("more than 100000 values") == true, "\(problems.count)")
    }

    @Test func `nothing is read that is too long`() {
        let text = "auth_providers: [{type: linux}]\n" + String(repeating: "#", count: 1 << 20)
        #expect(Fakes.problems(text) == ["config.yaml: more than 1048576 bytes, expected a configuration"])
    }

    @Test func `keys made of aliases cost nothing`() {
        // With the tree built first, hashing the last key would touch 2^40 nodes.
        var text = "a0: &a0 [x, x]\n"
        for level in 1...40 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        text += "? *a40\n: x\n"
        #expect(Fakes.problems(text).contains { $0.contains("an alias (*)") })
    }
}
