import AuthenticationTesting
import FuzzEntries
import Testing

/// What comes in from outside, whatever it is: a bounded run of what `make fuzz` does for hours, in the ordinary build.
@Suite(.serialized) struct BoundedFuzzTests {
    @Test(arguments: FuzzEntry.all) func `keeps its promises for every input that is kept`(_ entry: FuzzEntry) throws {
        let corpus = try Corpus(of: entry.name)
        #expect(corpus.inputs.count >= 5, "hardly a corpus")
        for input in corpus.inputs { expect(entry, input) }
    }

    @Test(arguments: FuzzEntry.all) func `keeps its promises for thousands of changed inputs`(
        _ entry: FuzzEntry
    ) throws {
        let corpus = try Corpus(of: entry.name)
        var generator = SeededGenerator(seed: 20_261_125)
        for _ in 0..<entry.boundedRuns { expect(entry, corpus.changed(using: &generator)) }
    }

    @Test func `no entry goes without a name of its own`() {
        #expect(Set(FuzzEntry.all.map(\.name)).count == FuzzEntry.all.count)
    }

    private func expect(_ entry: FuzzEntry, _ input: [UInt8]) {
        do throws(Violation) {
            try entry.run(input)
        } catch {
            Issue.record("\(entry): \(error)\n\(input)\n\(String(decoding: input, as: UTF8.self).debugDescription)")
        }
    }
}
