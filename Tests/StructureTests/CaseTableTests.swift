import Testing

/// The table of cases in ARCHITECTURE.md: complete, and each of its tests is there.
@Suite struct CaseTableTests {
    /// The holes of the old design's code, and its cases.
    static let cases: Set<String> = Set(
        (1...11).map { "H\($0)" } + (1...28).map { "\($0)" } + ["10a", "25a"])

    /// The rows below `## Cases`, by case: the tests that stand in each, between back quotes.
    private static func rows() throws -> [(id: String, tests: [String])] {
        let page = try SourceFile.text(of: "ARCHITECTURE.md")
        let section = page.split(separator: "\n## ").first { $0.hasPrefix("Cases\n") } ?? ""
        return section.split(separator: "\n").filter { $0.hasPrefix("|") }.dropFirst(2).map { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: true)
            let quoted = cells.last.map { $0.split(separator: "`", omittingEmptySubsequences: false) } ?? []
            return (
                cells.first.map { $0.trimmed } ?? "",
                quoted.indices.filter { $0 % 2 == 1 }.map { String(quoted[$0]) }
            )
        }
    }

    /// The names of all tests: Swift's functions, the rules of the contracts, and those end to end.
    private static func names() throws -> Set<String> {
        var names: Set<String> = []
        for file in try SourceFile.all(below: "Tests") {
            for line in file.lines {
                for opening in ["func `", "Rule(\""] {
                    guard let start = line.firstRange(of: opening)?.upperBound else { continue }
                    names.insert(String(line[start...].prefix { $0 != "`" && $0 != "\"" }))
                }
            }
        }
        for path in try SourceFile.paths(below: "Tests/EndToEnd", ending: ".py") {
            for line in try SourceFile.text(of: path).split(separator: "\n") where line.hasPrefix("def test_") {
                names.insert(String(line.dropFirst("def ".count).prefix { $0 != "(" }))
            }
        }
        return names
    }

    @Test func `every case has a row, and no row is of another`() throws {
        let ids = try CaseTableTests.rows().map(\.id)
        #expect(Set(ids) == CaseTableTests.cases)
        #expect(ids.count == CaseTableTests.cases.count)
    }

    @Test func `every row names tests that are there`() throws {
        let names = try CaseTableTests.names()
        for row in try CaseTableTests.rows() {
            #expect(!row.tests.isEmpty, "case \(row.id) has no test")
            let missing = row.tests.filter { !names.contains($0) }
            #expect(missing == [], "case \(row.id) names tests that are not there")
        }
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
